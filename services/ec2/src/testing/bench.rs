//! The bench and its calls.

use super::clock::BenchClock;
use super::host::FakeHost;
use super::jobs::Player;
use crate::jobs::HostsHandle;
use api::{Caller, Door, Registry, Request};
use base::{AccountId, Region};
use catalog::Catalog;
use env::{Env, SimClock};
use keys::KeyFileSeal;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wire::generated::{ec2, kms as kms_wire};
use wire::{Call, Service, token::TokenKey};

pub const ACCOUNT: &str = "111122223333";
pub const OTHER: &str = "444455556666";

pub struct Bench {
    pub door: Arc<Door>,
    pub clock: Arc<SimClock>,
    pub host: Arc<FakeHost>,
    pub(super) player: Arc<Player>,
    region: RefCell<Region>,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        let (env, clock) = Env::simulated(1);
        let waiting = Arc::new(BenchClock { sim: clock.clone(), player: OnceLock::new() });
        let dir = tempfile::tempdir().unwrap();
        let tables = [api::TABLES, ::jobs::TABLES, crate::TABLES, kms::TABLES].concat();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, &tables, env.clock.clone()).unwrap();
        // Key policies name accounts, which must exist.
        let mut tx = catalog.begin().unwrap();
        for id in [ACCOUNT, OTHER] {
            let account = api::identity::Account::new(AccountId::parse(id).unwrap(), env.clock.now());
            tx.put(&account).unwrap();
        }
        tx.commit().unwrap();
        let path = dir.path().join("seal.key");
        let seal = KeyFileSeal::open_or_create(&*env.files, &path, env.entropy.clone()).unwrap();
        let host = Arc::new(FakeHost::default());
        let hosts: Arc<dyn host::Hosts> = host.clone();
        let storage: Arc<dyn host::Storage> = host.clone();
        let env = Env { clock: waiting.clone(), ..env };
        let registry = Registry::default().with(crate::table()).with(kms::table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]))
            .with_dependency(Arc::new(HostsHandle(hosts)))
            .with_dependency(Arc::new(host::StorageHandle(storage)))
            .with_dependency(Arc::new(kms::SealHandle(Arc::new(seal))));
        let door = Arc::new(door);
        host.connect(&door);
        let player = Arc::new(Player::new(door.clone(), clock.clone()));
        assert!(waiting.player.set(Arc::downgrade(&player)).is_ok());
        let region = RefCell::new(Region::parse("us-east-1").unwrap());
        let bench = Bench { door, clock, host, player, region, _dir: dir };
        for account in [ACCOUNT, OTHER] {
            // Key policies may name only accounts that exist.
            let id = AccountId::parse(account).unwrap();
            bench.put(&api::identity::Account::new(id, bench.door.env.clock.now()));
        }
        bench
    }

    pub fn root(&self) -> Caller {
        self.root_of(ACCOUNT)
    }

    pub fn root_of(&self, account: &str) -> Caller {
        Caller::root(AccountId::parse(account).unwrap(), "AKIATEST", "127.0.0.1", "aws-cli/2")
    }

    /// Later calls go to this Region.
    pub fn in_region(&self, region: &str) {
        *self.region.borrow_mut() = Region::parse(region).unwrap();
    }

    /// Every call is a millisecond after the one before, so that records have an order.
    pub fn request(&self) -> Request {
        self.clock.advance(Duration::from_millis(1));
        Request {
            id: self.door.env.ids.uuid(),
            region: self.region.borrow().clone(),
            received: self.door.env.clock.now(),
            host: "localhost:4566".into(),
        }
    }

    fn serve(&self, service: &'static Service, caller: &Caller, call: &Call) -> (u16, String, String) {
        let request = self.request();
        let reply = self.door.serve(service, caller, &request, call);
        (reply.status, String::from_utf8(reply.body.to_vec()).unwrap(), request.id)
    }

    /// Status, body with the request's id as `REQUEST`, and the request's id.
    pub fn call_as(&self, caller: &Caller, body: &str) -> (u16, String, String) {
        let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
        let body = format!("Action={body}&Version=2016-11-15");
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers,
            body: body.into(),
            ..Default::default()
        };
        let (status, text, id) = self.serve(&ec2::SERVICE, caller, &call);
        (status, text.replace(&id, "REQUEST"), id)
    }

    pub fn call(&self, body: &str) -> (u16, String) {
        let (status, text, _) = self.call_as(&self.root(), body);
        (status, text)
    }

    /// A call as the root that must succeed; its body.
    pub fn ok(&self, body: &str) -> String {
        let (status, text) = self.call(body);
        assert_eq!(status, 200, "{body}: {text}");
        text
    }

    pub fn ok_as(&self, account: &str, body: &str) -> String {
        let (status, text, _) = self.call_as(&self.root_of(account), body);
        assert_eq!(status, 200, "{body}: {text}");
        text
    }

    /// A call as the root that must be refused so, with status 400.
    pub fn refused(&self, body: &str, code: &str, message: &str) {
        self.refused_as(&self.root(), body, 400, code, message);
    }

    pub fn refused_as(&self, caller: &Caller, body: &str, status: u16, code: &str, message: &str) {
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{}</Message>\
             </Error></Errors><RequestID>REQUEST</RequestID></Response>",
            message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        );
        let (answer, text, _) = self.call_as(caller, body);
        assert_eq!(
            (answer, text.replace("&quot;", "\"").replace("&apos;", "'")),
            (status, expected),
            "{body}"
        );
    }

    /// The dry run of a call passes, and nothing is there afterwards that was not there before.
    pub fn dry_run_passes(&self, body: &str) {
        let before = self.everything();
        let message = "Request would have succeeded, but DryRun flag is set.";
        self.refused_as(&self.root(), &format!("{body}&DryRun=true"), 412, "DryRunOperation", message);
        assert_eq!(self.everything(), before, "{body}");
    }

    /// Only the account root may make this call, dry or not.
    pub fn only_root_may(&self, body: &str, iam: &str, resource: &str) {
        let session =
            Caller::instance_infrastructure(AccountId::parse(ACCOUNT).unwrap(), "i-0123456789abcdef0");
        let message = format!(
            "You are not authorized to perform this operation. User: {} is not authorized to perform: {iam} on resource: \
             {resource} because no identity-based policy allows the {iam} action. Encoded authorization failure message: ",
            session.arn()
        );
        for body in [body.to_owned(), format!("{body}&DryRun=true")] {
            let (status, text, _) = self.call_as(&session, &body);
            assert_eq!(
                (status, texts(&text, "Code").concat().as_str()),
                (403, "UnauthorizedOperation"),
                "{text}"
            );
            assert!(texts(&text, "Message").concat().starts_with(&message), "{text}");
        }
    }

    /// A call to KMS as the root that must succeed.
    pub fn kms(&self, operation: &str, input: Value) -> Value {
        self.kms_as(ACCOUNT, operation, input)
    }

    /// The same as another account's root.
    pub fn kms_as(&self, account: &str, operation: &str, input: Value) -> Value {
        let headers = vec![("x-amz-target".into(), format!("TrentService.{operation}"))];
        let body = input.to_string().into();
        let call = Call { method: "POST".into(), path: "/".into(), headers, body, ..Default::default() };
        let (status, text, _) = self.serve(&kms_wire::SERVICE, &self.root_of(account), &call);
        assert_eq!(status, 200, "{operation} {input}: {text}");
        if text.is_empty() { json!({}) } else { serde_json::from_str(&text).unwrap() }
    }

    /// The ARN of a new symmetric key.
    pub fn key(&self) -> String {
        self.key_with(json!({}))
    }

    pub fn key_with(&self, input: Value) -> String {
        self.kms("CreateKey", input)["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    /// The id of a new volume; `more` starts with `&`.
    pub fn volume(&self, more: &str) -> String {
        let zone = if more.contains("AvailabilityZone") { "" } else { "&AvailabilityZone=us-east-1a" };
        let size = if more.contains("Size=") { "" } else { "&Size=1" };
        let id = texts(&self.ok(&format!("CreateVolume{zone}{size}{more}")), "volumeId").remove(0);
        self.run();
        id
    }

    /// The id of a new encrypted volume under a key of its own, and that key's ARN.
    pub fn encrypted_volume(&self) -> (String, String) {
        let key = self.key();
        (self.volume(&format!("&Encrypted=true&KmsKeyId={key}")), key)
    }

    /// The id of a new running instance.
    pub fn instance(&self) -> String {
        self.instance_with("")
    }

    pub fn instance_with(&self, more: &str) -> String {
        let body = format!("RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1{more}");
        let id = texts(&self.ok(&body), "instanceId").remove(0);
        self.run();
        id
    }

    /// Attaches and runs the jobs.
    pub fn attach(&self, volume: &str, instance: &str) {
        self.ok(&attach_call(volume, instance));
        self.run();
    }

    /// The id of a new snapshot of the volume, taken after the time that must pass between two; `more` starts with `&`.
    pub fn begin_snapshot(&self, volume: &str, more: &str) -> String {
        self.clock.advance(rules::lifecycle::snapshot::PER_VOLUME_INTERVAL);
        texts(&self.ok(&format!("CreateSnapshot&VolumeId={volume}{more}")), "snapshotId").remove(0)
    }

    /// The same, stored.
    pub fn snapshot(&self, volume: &str) -> String {
        let id = self.begin_snapshot(volume, "");
        self.run();
        id
    }

    /// An instance with an encrypted volume attached: volume, instance, key.
    pub fn attached(&self) -> (String, String, String) {
        let (volume, key) = self.encrypted_volume();
        let instance = self.instance();
        self.attach(&volume, &instance);
        (volume, instance, key)
    }
}

/// An AttachVolume as `/dev/sdf` for the volume's first digits of id, so that several fit on one instance.
pub fn attach_call(volume: &str, instance: &str) -> String {
    format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf")
}

/// The texts of all elements of this name, in order.
pub fn texts(body: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    body.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}

/// A golden text without its line breaks and indents, as the wire has it.
pub fn xml(action: &str, golden: &str) -> String {
    let lines: String = golden.lines().map(str::trim).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>REQUEST</requestId>{lines}</{action}Response>"
    )
}

/// A value for a form.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
