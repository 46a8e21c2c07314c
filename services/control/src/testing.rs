//! A house of its own for each test: the real door, KMS, EC2 and runner of jobs, and a host that is played.

mod storage;

pub use storage::{PlayedStorage, Storing};

use api::{Caller, Door, Registry, Request};
use base::{AccountId, Fault, Refusal, Region};
use catalog::Catalog;
use env::Env;
use host::{AttachSpec, HostError, Hosts, Limits, Storage, StorageHandle};
use jobs::{JobRow, Kinds, Runner};
use keys::KeyFileSeal;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use volume::VolumeSpec;
use wire::generated::{ec2 as ec2_wire, kms as kms_wire, sealvol};
use wire::{Call, Service, token::TokenKey};

pub const ACCOUNT: &str = "111122223333";
pub const OTHER: &str = "444455556666";

/// How attaching (and, where it fails, detaching) ends on the played host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Attaching {
    Works,
    Fails,
    /// Refused as KMS refuses a disabled key; the text is set by the test.
    Refused,
}

pub struct PlayedHost {
    pub attaching: Mutex<Attaching>,
    pub refusal: Mutex<String>,
}

impl Hosts for PlayedHost {
    fn create_volume(&self, _: &VolumeSpec) -> Result<(), HostError> {
        Ok(())
    }

    fn remove_volume(&self, _: &str) -> Result<(), HostError> {
        Ok(())
    }

    fn attach(&self, spec: &AttachSpec) -> Result<String, HostError> {
        match *self.attaching.lock().unwrap() {
            Attaching::Works => Ok(format!("nbd+unix:///{}?socket=/run/{}.sock", spec.volume, spec.instance)),
            Attaching::Fails => Err(HostError::Fault(Fault::new("the disk is full"))),
            Attaching::Refused => {
                let message = self.refusal.lock().unwrap().clone();
                Err(HostError::Refused(Refusal::new("DisabledException", message)))
            }
        }
    }

    fn limit(&self, _: &str, _: &Limits) -> Result<(), HostError> {
        Ok(())
    }

    fn detach(&self, _: &str, _: &str) -> Result<(), HostError> {
        match *self.attaching.lock().unwrap() {
            Attaching::Fails => Err(HostError::Fault(Fault::new("the disk is full"))),
            _ => Ok(()),
        }
    }
}

pub struct Bench {
    pub door: Arc<Door>,
    pub host: Arc<PlayedHost>,
    pub storage: Arc<PlayedStorage>,
    runner: Arc<Runner>,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        let env = Env::real();
        let dir = tempfile::tempdir().unwrap();
        let tables = [api::TABLES, jobs::TABLES, ec2::TABLES, kms::TABLES].concat();
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
        let (attaching, refusal) = (Mutex::new(Attaching::Works), Mutex::default());
        let host = Arc::new(PlayedHost { attaching, refusal });
        let hosts: Arc<dyn Hosts> = host.clone();
        let storage = Arc::new(PlayedStorage::default());
        let storing: Arc<dyn Storage> = storage.clone();
        let runner = Arc::new(Runner::default());
        let registry = Registry::default().with(ec2::table()).with(kms::table()).with(crate::table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]))
            .with_dependency(runner.clone())
            .with_dependency(Arc::new(ec2::jobs::HostsHandle(hosts)))
            .with_dependency(Arc::new(StorageHandle(storing)))
            .with_dependency(Arc::new(kms::SealHandle(Arc::new(seal))));
        let door = Arc::new(door);
        runner.start(&door, ec2::jobs::kinds(Kinds::default())).unwrap();
        Bench { door, host, storage, runner, _dir: dir }
    }

    fn serve(&self, service: &'static Service, caller: &Caller, call: &Call) -> (u16, String, String) {
        let request = Request {
            id: self.door.env.ids.uuid(),
            region: Region::parse("us-east-1").unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost:4566".into(),
        };
        let reply = self.door.serve(service, caller, &request, call);
        (reply.status, String::from_utf8(reply.body.to_vec()).unwrap(), request.id)
    }

    fn json(
        &self,
        service: &'static Service,
        caller: &Caller,
        operation: &str,
        input: &Value,
    ) -> (u16, Value) {
        let target = format!("{}.{operation}", service.target_prefix);
        let headers = vec![("x-amz-target".into(), target)];
        let body = input.to_string().into();
        let call = Call { method: "POST".into(), path: "/".into(), headers, body, ..Default::default() };
        let (status, text, _) = self.serve(service, caller, &call);
        (status, if text.is_empty() { json!({}) } else { serde_json::from_str(&text).unwrap() })
    }

    pub fn ask_as(&self, caller: &Caller, operation: &str, input: Value) -> (u16, Value) {
        self.json(&sealvol::SERVICE, caller, operation, &input)
    }

    /// Asks as the root; the answer must be a success.
    pub fn ask(&self, operation: &str, input: Value) -> Value {
        let (status, body) = self.ask_as(&root(ACCOUNT), operation, input.clone());
        assert_eq!(status, 200, "{operation} {input}: {body}");
        body
    }

    pub fn refused_as(&self, caller: &Caller, operation: &str, input: Value, code: &str, message: &str) {
        let (status, body) = self.ask_as(caller, operation, input.clone());
        assert_eq!((status, body), (400, json!({"__type": code, "message": message})), "{operation} {input}");
    }

    pub fn refused(&self, operation: &str, input: Value, code: &str, message: &str) {
        self.refused_as(&root(ACCOUNT), operation, input, code, message);
    }

    pub fn explain(&self, id: &str) -> Value {
        self.ask("Explain", json!({"Id": id}))
    }

    pub fn kms(&self, operation: &str, input: Value) -> Value {
        let (status, body) = self.json(&kms_wire::SERVICE, &root(ACCOUNT), operation, &input);
        assert_eq!(status, 200, "{operation} {input}: {body}");
        body
    }

    pub fn key(&self) -> String {
        self.kms("CreateKey", json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    pub fn disable(&self, arn: &str) {
        self.kms("DisableKey", json!({"KeyId": arn}));
    }

    /// An EC2 call; status, body, and the request's id.
    pub fn ec2(&self, body: &str) -> (u16, String, String) {
        let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
        let body = format!("Action={body}&Version=2016-11-15").into();
        let call = Call { method: "POST".into(), path: "/".into(), headers, body, ..Default::default() };
        self.serve(&ec2_wire::SERVICE, &root(ACCOUNT), &call)
    }

    /// What a call made: the text of this element, and the request's id, once its jobs have ended.
    pub fn made(&self, body: &str, element: &str) -> (String, String) {
        let (status, text, request) = self.ec2(body);
        assert_eq!(status, 200, "{body}: {text}");
        self.settle();
        let (_, rest) = text.split_once(&format!("<{element}>")).unwrap();
        (rest.split_once('<').unwrap().0.to_owned(), request)
    }

    pub fn volume(&self, more: &str) -> String {
        self.made(&format!("CreateVolume&Size=1&AvailabilityZone=us-east-1a{more}"), "volumeId").0
    }

    pub fn instance(&self) -> String {
        self.made("RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1", "instanceId").0
    }

    pub fn attach(&self, volume: &str, instance: &str) {
        self.made(
            &format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf"),
            "volumeId",
        );
    }

    /// Waits until no job is left.
    pub fn settle(&self) {
        for _ in 0..2000 {
            if self.jobs().is_empty() {
                return;
            }
            self.door.env.clock.sleep(Duration::from_millis(5));
        }
        panic!("jobs are stuck: {:?}", self.jobs());
    }

    pub fn jobs(&self) -> Vec<JobRow> {
        self.door.catalog.begin().unwrap().scan("", None, 100).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.runner.stop();
    }
}

pub fn root(account: &str) -> Caller {
    Caller::root(AccountId::parse(account).unwrap(), "AKIATEST", "127.0.0.1", "test")
}

/// The texts of a list.
pub fn lines(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}
