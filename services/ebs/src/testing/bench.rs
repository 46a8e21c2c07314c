//! The bench and its calls.

use super::jobs::Injected;
use super::storage::FakeStorage;
use api::trail::Record;
use api::{Caller, Door, Registry, Request};
use base::{AccountId, Region};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use catalog::{Catalog, Row};
use ec2::rows::{Encryption, Origin, Sizes, Snapshot};
use env::{Env, SimClock};
use host::StorageHandle;
use keys::KeyFileSeal;
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wire::generated::{ebs, kms as kms_wire};
use wire::{Call, Service, token::TokenKey};

const ACCOUNT: &str = "111122223333";
pub const OTHER: &str = "444455556666";
pub const BLOCK: usize = crate::BLOCK_BYTES;

pub struct Bench {
    pub door: Arc<Door>,
    pub clock: Arc<SimClock>,
    pub storage: Arc<FakeStorage>,
    /// A failure to put in: job, step, what.
    pub(super) plan: Cell<Option<(&'static str, usize, Injected)>>,
    pub(super) twice: Cell<bool>,
    _dir: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Status, code and word of a refusal.
    pub fn refusal(&self) -> (u16, String, String) {
        let code = self.headers.get("x-amzn-errortype").cloned().unwrap_or_default();
        (self.status, code, self.json()["Reason"].as_str().unwrap_or_default().to_owned())
    }
}

/// A block of bytes that differ from those of other seeds.
pub fn block(seed: u8) -> Vec<u8> {
    let mut bytes = vec![seed; BLOCK];
    bytes[BLOCK - 1] = !seed;
    bytes
}

pub fn checksum(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

impl Bench {
    pub fn new() -> Bench {
        let (env, clock) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let tables = [api::TABLES, ::jobs::TABLES, crate::TABLES, ec2::TABLES, kms::TABLES].concat();
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
        let storage = Arc::new(FakeStorage::default());
        let registry = Registry::default().with(crate::table()).with(kms::table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]))
            .with_dependency(Arc::new(StorageHandle(storage.clone())))
            .with_dependency(Arc::new(kms::SealHandle(Arc::new(seal))));
        let door = Arc::new(door);
        storage.connect(&door);
        Bench { door, clock, storage, plan: Cell::new(None), twice: Cell::new(false), _dir: dir }
    }

    pub fn root(&self) -> Caller {
        self.root_of(ACCOUNT)
    }

    pub fn root_of(&self, account: &str) -> Caller {
        Caller::root(AccountId::parse(account).unwrap(), "AKIATEST", "127.0.0.1", "aws-cli/2")
    }

    /// A caller that may do nothing here.
    pub fn session(&self) -> Caller {
        Caller::instance_infrastructure(AccountId::parse(ACCOUNT).unwrap(), "i-0123456789abcdef0")
    }

    pub fn region(&self) -> Region {
        Region::parse("us-east-1").unwrap()
    }

    fn serve(&self, service: &'static Service, caller: &Caller, call: &Call) -> Got {
        self.clock.advance(Duration::from_millis(1));
        let request = Request {
            id: self.door.env.ids.uuid(),
            region: self.region(),
            received: self.door.env.clock.now(),
            host: "localhost:4566".into(),
        };
        let reply = self.door.serve(service, caller, &request, call);
        let headers = reply.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Got { status: reply.status, headers, body: reply.body }
    }

    /// A call of this API: `PUT /snapshots/…?query`.
    pub fn call_as(&self, caller: &Caller, line: &str, headers: &[(&str, String)], body: &[u8]) -> Got {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let call = Call {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: Bytes::copy_from_slice(body),
        };
        self.serve(&ebs::SERVICE, caller, &call)
    }

    pub fn start_as(&self, caller: &Caller, input: &Value) -> Got {
        let headers = [("content-type", "application/json".to_owned())];
        self.call_as(caller, "POST /snapshots", &headers, input.to_string().as_bytes())
    }

    pub fn start(&self, input: Value) -> Got {
        self.start_as(&self.root(), &input)
    }

    /// The id of a snapshot begun so.
    pub fn started(&self, input: Value) -> String {
        let got = self.start(input);
        assert_eq!(got.status, 201, "{:?}", got);
        got.json()["SnapshotId"].as_str().unwrap().to_owned()
    }

    pub fn put_as(
        &self,
        caller: &Caller,
        id: &str,
        index: i64,
        bytes: &[u8],
        change: &[(&str, &str)],
    ) -> Got {
        let mut headers = vec![
            ("x-amz-data-length", bytes.len().to_string()),
            ("x-amz-checksum", checksum(bytes)),
            ("x-amz-checksum-algorithm", "SHA256".to_owned()),
        ];
        for (name, value) in change {
            headers.retain(|(n, _)| n != name);
            headers.push((name, (*value).to_owned()));
        }
        self.call_as(caller, &format!("PUT /snapshots/{id}/blocks/{index}"), &headers, bytes)
    }

    pub fn put(&self, id: &str, index: u32, seed: u8) {
        let got = self.put_as(&self.root(), id, i64::from(index), &block(seed), &[]);
        assert_eq!(got.status, 201, "{got:?}");
    }

    pub fn complete_with(&self, id: &str, count: i64, checksum: Option<String>) -> Got {
        let mut headers = vec![("x-amz-changedblockscount", count.to_string())];
        if let Some(checksum) = checksum {
            headers.push(("x-amz-checksum", checksum));
            headers.push(("x-amz-checksum-algorithm", "SHA256".into()));
            headers.push(("x-amz-checksum-aggregation-method", "LINEAR".into()));
        }
        self.call_as(&self.root(), &format!("POST /snapshots/completion/{id}"), &headers, b"")
    }

    /// A completed snapshot of these blocks: (index, seed).
    pub fn written(&self, input: Value, blocks: &[(u32, u8)]) -> String {
        let id = self.started(input);
        for (index, seed) in blocks {
            self.put(&id, *index, *seed);
        }
        let got = self.complete_with(&id, blocks.len() as i64, None);
        assert_eq!(got.status, 202, "{got:?}");
        self.run();
        assert_eq!(self.row(&id).state, SnapshotState::Completed);
        id
    }

    pub fn get(&self, line: &str) -> Got {
        self.call_as(&self.root(), &format!("GET {line}"), &[], b"")
    }

    /// A list that must succeed: index to token (of the second snapshot, for changed blocks), and the answer.
    pub fn list(&self, line: &str) -> Value {
        let got = self.get(line);
        assert_eq!(got.status, 200, "{line}: {got:?}");
        got.json()
    }

    /// The blocks of a snapshot by index, with their tokens.
    pub fn tokens(&self, id: &str) -> BTreeMap<i64, String> {
        let answer = self.list(&format!("/snapshots/{id}/blocks"));
        let token =
            |b: &Value| (b["BlockIndex"].as_i64().unwrap(), b["BlockToken"].as_str().unwrap().to_owned());
        answer["Blocks"].as_array().unwrap().iter().map(token).collect()
    }

    pub fn read_as(&self, caller: &Caller, id: &str, index: i64, token: &str) -> Got {
        let token = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let line = format!("GET /snapshots/{id}/blocks/{index}?blockToken={token}");
        self.call_as(caller, &line, &[], b"")
    }

    /// A call to KMS as the root that must succeed.
    pub fn kms(&self, operation: &str, input: Value) -> Value {
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("x-amz-target".into(), format!("TrentService.{operation}"))],
            body: input.to_string().into(),
            ..Default::default()
        };
        let got = self.serve(&kms_wire::SERVICE, &self.root(), &call);
        assert_eq!(got.status, 200, "{operation} {input}: {got:?}");
        got.json()
    }

    /// The ARN of a new symmetric key.
    pub fn key(&self) -> String {
        self.kms("CreateKey", json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    pub fn all<R: Row>(&self) -> Vec<R> {
        self.door.catalog.begin().unwrap().scan("", None, 10_000).unwrap()
    }

    pub fn row(&self, id: &str) -> Snapshot {
        self.all::<Snapshot>().into_iter().find(|row| row.id == id).unwrap_or_else(|| panic!("no {id}"))
    }

    pub fn write<R: Row>(&self, row: &R) {
        self.door.catalog.transact::<_, api::Failure>(|tx| Ok(tx.put(row)?)).unwrap();
    }

    /// The trail, oldest first.
    pub fn trail(&self) -> Vec<Record> {
        let mut all: Vec<Record> = self.all();
        all.sort_by_key(|record| (record.time, record.sequence));
        all
    }

    /// Names of the KMS calls that this service made, oldest first.
    pub fn kms_calls(&self) -> Vec<String> {
        let inner = |r: &Record| r.event_source == "kms.amazonaws.com" && r.inner;
        self.trail().into_iter().filter(inner).map(|r| r.event_name).collect()
    }

    /// A completed snapshot of a volume, as CreateSnapshot makes them: (index, seed) of its blocks.
    pub fn of_volume(
        &self,
        volume: &str,
        lineage: &str,
        blocks: &[(u32, u8)],
        encryption: Option<Encryption>,
    ) -> String {
        let id = self.door.env.ids.resource("snap");
        let key = encryption.as_ref().map(|e| self.storage.key_of(&self.door, &self.root(), e));
        let at = self.storage.store(&id, lineage, key, blocks);
        let now = self.door.env.clock.now();
        self.write(&Snapshot {
            account: AccountId::parse(ACCOUNT).unwrap(),
            region: self.region(),
            id: id.clone(),
            volume: volume.to_owned(),
            size_gib: 1,
            state: SnapshotState::Completed,
            state_message: None,
            started: now,
            completed: Some(now),
            progress: 100,
            description: String::new(),
            tags: vec![],
            encryption,
            lineage: lineage.to_owned(),
            descent: String::new(),
            origin: Origin::Volume,
            at: Some(at),
            sizes: Sizes::default(),
            base: None,
            base_at: None,
            frozen: true,
            public: false,
            lock: None,
            request_id: String::new(),
            set: None,
        });
        id
    }
}
