//! A KMS of its own for each test: the real door, a catalog in a temporary directory, a simulated clock. Calls go in and come
//! out as wire text.

use crate::SealHandle;
use crate::rows::{Alias, Grant, Key, KeyMaterial};
use api::identity::Account;
use api::{Caller, Cx, Door, Registry, Request, trail};
use base::{AccountId, Region};
use catalog::Catalog;
use env::{Env, SimClock};
use keys::KeyFileSeal;
use serde_json::{Value, json};
use std::sync::Arc;
use wire::generated::kms::SERVICE;
use wire::{Call, token::TokenKey};

pub const ACCOUNT: &str = "111122223333";
/// The accounts of the server; [`ACCOUNT`] first.
pub const ACCOUNTS: [&str; 3] = [ACCOUNT, "444455556666", "777788889999"];
pub const INSTANCE: &str = "i-0123456789abcdef0";

pub struct Bench {
    pub door: Door,
    pub clock: Arc<SimClock>,
    /// The catalog lives here as long as the bench.
    pub dir: tempfile::TempDir,
}

/// What a test needs of a key.
pub struct Made {
    pub id: String,
    pub arn: String,
}

impl Bench {
    pub fn new() -> Bench {
        let (env, clock) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let tables = [crate::TABLES, api::TABLES].concat();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, &tables, env.clock.clone()).unwrap();
        let path = dir.path().join("seal.key");
        let seal = KeyFileSeal::open_or_create(&*env.files, &path, env.entropy.clone()).unwrap();
        let registry = Registry::default().with(crate::table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]))
            .with_dependency(Arc::new(SealHandle(Arc::new(seal))));
        let bench = Bench { door, clock, dir };
        bench.with_cx(|cx| {
            for id in ACCOUNTS {
                cx.tx.put(&Account::new(AccountId::parse(id).unwrap(), cx.now())).unwrap();
            }
        });
        bench
    }

    pub fn root(&self) -> Caller {
        self.root_of(ACCOUNT)
    }

    pub fn root_of(&self, account: &str) -> Caller {
        let account = AccountId::parse(account).unwrap();
        Caller::root(account, "AKIATEST", "127.0.0.1", "test")
    }

    /// The root, through EC2.
    pub fn through_ec2(&self) -> Caller {
        self.root().forwarded_by_ec2(&region())
    }

    pub fn session(&self) -> Caller {
        Caller::instance_infrastructure(AccountId::parse(ACCOUNT).unwrap(), INSTANCE)
    }

    pub fn ec2(&self) -> Caller {
        Caller::service(AccountId::parse(ACCOUNT).unwrap(), "ec2.us-east-1.amazonaws.com")
    }

    /// EBS, working for `account` under grants.
    pub fn ebs_for(&self, account: &str) -> Caller {
        Caller::ebs(AccountId::parse(account).unwrap())
    }

    /// A symmetric key whose policy lets `account` do `actions`.
    pub fn shared_key(&self, account: &str, actions: Value) -> Made {
        let own =
            json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"});
        let share =
            json!({"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions, "Resource": "*"});
        self.create_key_with(json!({"Policy": json!({"Statement": [own, share]}).to_string()}))
    }

    fn request(&self) -> Request {
        self.clock.advance(std::time::Duration::from_millis(1));
        Request {
            id: self.door.env.ids.uuid(),
            region: region(),
            received: self.door.env.clock.now(),
            host: "localhost".into(),
        }
    }

    /// Calls as `caller`; status and body.
    pub fn call_as(&self, caller: &Caller, operation: &str, input: Value) -> (u16, Value) {
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("x-amz-target".into(), format!("TrentService.{operation}"))],
            body: input.to_string().into(),
            ..Default::default()
        };
        let reply = self.door.serve(&SERVICE, caller, &self.request(), &call);
        let body =
            if reply.body.is_empty() { json!({}) } else { serde_json::from_slice(&reply.body).unwrap() };
        (reply.status, body)
    }

    /// Calls as the root; the answer must be a success.
    pub fn ok(&self, operation: &str, input: Value) -> Value {
        self.ok_as(&self.root(), operation, input)
    }

    pub fn ok_as(&self, caller: &Caller, operation: &str, input: Value) -> Value {
        let (status, body) = self.call_as(caller, operation, input.clone());
        assert_eq!(status, 200, "{operation} {input}: {body}");
        body
    }

    /// Calls as the root; the answer must be this refusal.
    pub fn refused(&self, operation: &str, input: Value, code: &str, message: &str) {
        self.refused_as(&self.root(), operation, input, code, message);
    }

    pub fn refused_as(&self, caller: &Caller, operation: &str, input: Value, code: &str, message: &str) {
        let (status, body) = self.call_as(caller, operation, input.clone());
        assert_eq!((status, &body["__type"]), (400, &json!(code)), "{operation} {input}: {body}");
        assert_eq!(body["message"].as_str().unwrap_or(""), message, "{operation} {input}");
    }

    /// Calls as `caller`; the answer must have this code, and the trail's reason must hold `reason`.
    pub fn refused_because(&self, caller: &Caller, operation: &str, input: Value, code: &str, reason: &str) {
        let (_, body) = self.call_as(caller, operation, input.clone());
        assert_eq!(body["__type"], json!(code), "{operation} {input}: {body}");
        let told = self.last_record(operation).reason.unwrap_or_default();
        assert!(told.contains(reason), "{operation} {input}: {told}");
    }

    /// A symmetric key with defaults.
    pub fn create_key(&self) -> Made {
        self.create_key_with(json!({}))
    }

    pub fn create_key_with(&self, input: Value) -> Made {
        let made = self.ok("CreateKey", input)["KeyMetadata"].clone();
        Made { id: text(&made["KeyId"]), arn: text(&made["Arn"]) }
    }

    /// A grant to the instance's session to decrypt with `{"a": "1"}`; its id and token.
    pub fn grant_to_session(&self, key_id: &str) -> (String, String) {
        let made = self.ok(
            "CreateGrant",
            json!({
                "KeyId": key_id,
                "GranteePrincipal": self.session().arn(),
                "RetiringPrincipal": "ec2.us-east-1.amazonaws.com",
                "Operations": ["Decrypt"],
                "Constraints": {"EncryptionContextSubset": {"a": "1"}},
            }),
        );
        (text(&made["GrantId"]), text(&made["GrantToken"]))
    }

    /// Runs `work` as the root in a transaction that is committed.
    pub fn with_cx<T>(&self, mut work: impl FnMut(&mut Cx) -> T) -> T {
        self.door.transact(&self.root(), &self.request(), &SERVICE, |cx| Ok(work(cx))).unwrap()
    }

    /// How many keys, materials, aliases and grants there are in all.
    pub fn rows(&self) -> (usize, usize, usize, usize) {
        let mut tx = self.door.catalog.begin().unwrap();
        (
            tx.scan::<Key>("", None, 1000).unwrap().len(),
            tx.scan::<KeyMaterial>("", None, 1000).unwrap().len(),
            tx.scan::<Alias>("", None, 1000).unwrap().len(),
            tx.scan::<Grant>("", None, 1000).unwrap().len(),
        )
    }

    /// All trail records of an operation, in no order.
    pub fn records(&self, operation: &str) -> Vec<trail::Record> {
        let all = self.door.catalog.begin().unwrap().scan::<trail::Record>("", None, 10_000).unwrap();
        all.into_iter().filter(|record| record.event_name == operation).collect()
    }

    /// All stored events of a detail type, oldest first.
    pub fn events(&self, detail_type: &str) -> Vec<api::events::Event> {
        let all = self.door.catalog.begin().unwrap().scan::<api::events::Event>("", None, 10_000).unwrap();
        all.into_iter().filter(|event| event.detail_type == detail_type).collect()
    }

    /// The newest record of an operation; calls are a millisecond apart so that this is one.
    pub fn last_record(&self, operation: &str) -> trail::Record {
        self.records(operation).into_iter().max_by_key(|record| record.time).unwrap()
    }
}

pub fn region() -> Region {
    Region::parse("us-east-1").unwrap()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Base64, as blobs are written.
pub fn b64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn unb64(value: &Value) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text(value)).unwrap()
}
