//! A door of its own for each test, and calls as wire text.

use crate::actions;
use api::trail::Record;
use api::{Caller, Door, Registry, Request, entry};
use base::{AccountId, Region};
use catalog::{Catalog, Row, Table};
use env::Env;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::generated::{ebs, ec2, kms, sts};
use wire::{Call, Reply, Service, token::TokenKey};

/// What the actions under test write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Note {
    pub id: String,
    pub count: u32,
}

impl Row for Note {
    const TABLE: Table = Table { name: "notes", indexes: &[] };
    fn key(&self) -> String {
        self.id.clone()
    }
}

pub struct Bench {
    pub door: Door,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        actions::called();
        let (env, _) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let tables = [api::TABLES, &[Note::TABLE]].concat();
        let catalog = Catalog::open(&url, &tables, env.clock.clone()).unwrap();
        let registry = Registry::default().with(vec![
            entry::<actions::Tags>(),
            entry::<actions::Grants>(),
            entry::<actions::Identity>(),
            entry::<actions::Blocks>(),
        ]);
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]));
        Bench { door, _dir: dir }
    }

    pub fn request(&self) -> Request {
        Request {
            id: "4a2b8a1c-0000-4000-8000-000000000001".into(),
            region: Region::parse("us-east-1").unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost:4566".into(),
        }
    }

    pub fn serve(&self, service: &'static Service, caller: &Caller, call: &Call) -> Reply {
        self.door.serve(service, caller, &self.request(), call)
    }

    /// CreateTags of these ids; status and body.
    pub fn tags(&self, ids: &[&str]) -> (u16, String) {
        self.tags_as(&root(), ids, "")
    }

    pub fn tags_as(&self, caller: &Caller, ids: &[&str], more: &str) -> (u16, String) {
        let mut body = format!("Action=CreateTags&Version=2016-11-15&Tag.1.Key=k&Tag.1.Value=v{more}");
        for (n, id) in ids.iter().enumerate() {
            body.push_str(&format!("&ResourceId.{}={id}", n + 1));
        }
        text(&self.serve(&ec2::SERVICE, caller, &form(&body)))
    }

    /// CreateGrant on this key; status and body.
    pub fn grant_as(&self, caller: &Caller, key: &str, more: Value) -> (u16, Value) {
        let mut body = json!({"KeyId": key, "GranteePrincipal": "g", "Operations": ["Decrypt"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("x-amz-target".into(), "TrentService.CreateGrant".into())],
            body: body.to_string().into(),
            ..Default::default()
        };
        let (status, body) = text(&self.serve(&kms::SERVICE, caller, &call));
        (status, serde_json::from_str(&body).unwrap())
    }

    pub fn identity_as(&self, caller: &Caller) -> (u16, String) {
        text(&self.serve(&sts::SERVICE, caller, &form("Action=GetCallerIdentity&Version=2011-06-15")))
    }

    pub fn blocks_as(&self, caller: &Caller) -> Reply {
        let path = "/snapshots/snap-0123456789abcdef0/blocks".into();
        self.serve(&ebs::SERVICE, caller, &Call { method: "GET".into(), path, ..Default::default() })
    }

    /// All records, by event name.
    pub fn records(&self) -> Vec<Record> {
        let mut all = self.door.catalog.begin().unwrap().scan::<Record>("", None, 1000).unwrap();
        all.sort_by(|a, b| a.event_name.cmp(&b.event_name));
        all
    }

    /// The only record there is.
    pub fn record(&self) -> Record {
        let mut all = self.records();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Names of records and how each ended.
    pub fn endings(&self) -> Vec<(String, Option<String>)> {
        let ending = |r: &Record| r.body["errorCode"].as_str().map(str::to_owned);
        self.records().iter().map(|r| (r.event_name.clone(), ending(r))).collect()
    }

    /// Ids of the rows that the actions wrote.
    pub fn notes(&self) -> Vec<String> {
        let all = self.door.catalog.begin().unwrap().scan::<Note>("", None, 1000).unwrap();
        all.into_iter().map(|n| n.id).collect()
    }
}

pub fn root() -> Caller {
    Caller::root(AccountId::parse("111122223333").unwrap(), "AKIATEST", "127.0.0.1", "aws-cli/2")
}

pub fn form(body: &str) -> Call {
    let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
    Call {
        method: "POST".into(),
        path: "/".into(),
        headers,
        body: body.to_owned().into(),
        ..Default::default()
    }
}

pub fn text(reply: &Reply) -> (u16, String) {
    (reply.status, String::from_utf8(reply.body.to_vec()).unwrap())
}

/// The error answer of EC2.
pub fn ec2_error(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>\
         </Error></Errors><RequestID>4a2b8a1c-0000-4000-8000-000000000001</RequestID></Response>"
    )
}
