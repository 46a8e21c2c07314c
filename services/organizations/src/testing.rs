//! An Organizations of its own for each test: the real door, a catalog in a temporary directory. Calls go in and come out as wire
//! text.

use api::{Caller, Cx, Door, Registry, Request};
use base::{AccountId, Region};
use catalog::Catalog;
use env::Env;
use keys::{KeyFileSeal, SealHandle};
use serde_json::{Value, json};
use std::sync::Arc;
use wire::generated::{organizations, sealvol};
use wire::{Call, token::TokenKey};

pub const MANAGEMENT: &str = "111122223333";

pub struct Bench {
    pub door: Door,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        let (env, _) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let tables = [crate::TABLES, api::TABLES].concat();
        let catalog = Catalog::open(&url, &tables, env.clock.clone()).unwrap();
        let path = dir.path().join("seal.key");
        let seal = KeyFileSeal::open_or_create(&*env.files, &path, env.entropy.clone()).unwrap();
        let registry = Registry::default().with(crate::table()).with(crate::operator_table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]))
            .with_dependency(Arc::new(SealHandle(Arc::new(seal))));
        Bench { door, _dir: dir }
    }

    /// A bench whose account 111122223333 manages an organization; with its root's id.
    pub fn organized() -> (Bench, String) {
        let bench = Bench::new();
        bench.ok("CreateOrganization", json!({}));
        let root = bench.ok("ListRoots", json!({}))["Roots"][0]["Id"].as_str().unwrap().to_owned();
        (bench, root)
    }

    fn request(&self) -> Request {
        Request {
            id: self.door.env.ids.uuid(),
            region: Region::parse("us-east-1").unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost".into(),
        }
    }

    pub fn root_of(&self, account: &str) -> Caller {
        Caller::root(AccountId::parse(account).unwrap(), "AKIATEST", "127.0.0.1", "test")
    }

    pub fn call_as(&self, caller: &Caller, operation: &str, input: &Value) -> (u16, Value) {
        let service = match operation.strip_prefix("sealvol:") {
            Some(_) => &sealvol::SERVICE,
            None => &organizations::SERVICE,
        };
        let name = operation.trim_start_matches("sealvol:");
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("x-amz-target".into(), format!("{}.{name}", service.target_prefix))],
            body: input.to_string().into(),
            ..Default::default()
        };
        let reply = self.door.serve(service, caller, &self.request(), &call);
        let text = if reply.body.is_empty() { "{}".into() } else { reply.body };
        (reply.status, serde_json::from_slice(&text).unwrap())
    }

    pub fn ok(&self, operation: &str, input: Value) -> Value {
        let (status, body) = self.call_as(&self.root_of(MANAGEMENT), operation, &input);
        assert_eq!(status, 200, "{operation} {input}: {body}");
        body
    }

    /// The call must be refused with this exception.
    pub fn refused(&self, operation: &str, input: Value, code: &str) {
        self.refused_as(MANAGEMENT, operation, input, code);
    }

    pub fn refused_as(&self, account: &str, operation: &str, input: Value, code: &str) {
        let (status, body) = self.call_as(&self.root_of(account), operation, &input);
        assert_eq!((status, body["__type"].as_str()), (400, Some(code)), "{operation} {input}: {body}");
    }

    /// A member account's id.
    pub fn member(&self, name: &str) -> String {
        let made =
            self.ok("CreateAccount", json!({"AccountName": name, "Email": format!("{name}@example.com")}));
        let status = &made["CreateAccountStatus"];
        assert_eq!(status["State"], "SUCCEEDED", "{status}");
        status["AccountId"].as_str().unwrap().to_owned()
    }

    pub fn policy(&self, name: &str, document: &Value) -> String {
        let input = json!({
            "Name": name, "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": document.to_string(),
        });
        self.ok("CreatePolicy", input)["Policy"]["PolicySummary"]["Id"].as_str().unwrap().to_owned()
    }

    pub fn with_cx<T>(&self, mut work: impl FnMut(&mut Cx) -> T) -> T {
        let caller = self.root_of(MANAGEMENT);
        self.door.transact(&caller, &self.request(), &organizations::SERVICE, |cx| Ok(work(cx))).unwrap()
    }
}
