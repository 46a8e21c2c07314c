//! A door with the actions of STS, people in two accounts, and calls as wire text.

use api::identity::{Account, ManagedPolicy, PolicyVersion, Role, TemporaryCredential, User};
use api::trail::Record;
use api::{Caller, Door, Principal, Registry, Request, Session};
use base::{AccountId, Region, Tag, Timestamp};
use catalog::{Catalog, Row};
use env::Env;
use keys::{KeyFileSeal, SealHandle};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wire::generated::sts::SERVICE;
use wire::{Call, token::TokenKey};

pub const ACCOUNT: &str = "111122223333";
pub const OTHER: &str = "444455556666";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/eng/ops";

pub struct Bench {
    pub door: Door,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// User `ann` and role `eng/ops`, which trusts its account, in one account; another account with user `ann` as well.
    pub fn new() -> Bench {
        let (env, _) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, api::TABLES, env.clock.clone()).unwrap();
        let real = Env::real();
        let seal =
            KeyFileSeal::open_or_create(&*real.files, &dir.path().join("seal.key"), env.entropy.clone())
                .unwrap();
        let registry = Registry::default().with(crate::table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]))
            .with_dependency(Arc::new(SealHandle(Arc::new(seal))));
        let bench = Bench { door, _dir: dir };
        for id in [ACCOUNT, OTHER] {
            bench.put(&Account::new(account(id), at()));
            bench.put(&user(id));
        }
        bench.put(&role());
        bench
    }

    pub fn put<R: Row>(&self, row: &R) {
        let mut tx = self.door.catalog.begin().unwrap();
        tx.put(row).unwrap();
        tx.commit().unwrap();
    }

    pub fn role(&self) -> Role {
        self.door.catalog.begin().unwrap().get("111122223333/ops").unwrap().unwrap()
    }

    /// Status and body of one call.
    pub fn call(&self, caller: &Caller, body: &str) -> (u16, String) {
        let request = Request {
            id: "01234567-89ab-4def-8123-456789abcdef".into(),
            region: Region::parse("us-east-1").unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost".into(),
        };
        let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers,
            body: format!("{body}&Version=2011-06-15").into(),
            ..Default::default()
        };
        let reply = self.door.serve(&SERVICE, caller, &request, &call);
        (reply.status, String::from_utf8(reply.body.to_vec()).unwrap())
    }

    /// AssumeRole of [`ROLE`] as session `s1`.
    pub fn assume(&self, caller: &Caller, more: &str) -> (u16, String) {
        self.call(caller, &format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=s1{more}"))
    }

    /// The session that an answer tells of, and its holder as the front would know it.
    pub fn session(&self, answer: &(u16, String)) -> (TemporaryCredential, Caller) {
        assert_eq!(answer.0, 200, "{}", answer.1);
        let id = element(&answer.1, "AccessKeyId");
        let row: TemporaryCredential = self.door.catalog.begin().unwrap().get(&id).unwrap().unwrap();
        let caller =
            Caller::outside(row.principal.clone(), row.account.clone(), &id, "192.0.2.7", "aws-cli/2");
        (row.clone(), caller.in_session(row.session))
    }

    pub fn sessions(&self) -> usize {
        self.door.catalog.begin().unwrap().scan::<TemporaryCredential>("", None, 100).unwrap().len()
    }

    pub fn records(&self) -> Vec<Record> {
        self.door.catalog.begin().unwrap().scan::<Record>("", None, 1000).unwrap()
    }

    /// Gives user `ann` of this account one inline policy.
    pub fn allow(&self, id: &str, statements: &str) {
        let inline = BTreeMap::from([("p".to_owned(), policy(statements))]);
        self.put(&User { inline, ..user(id) });
    }

    /// Gives the role another trust policy.
    pub fn trust(&self, statements: &str) {
        self.put(&Role { trust: policy(statements), ..self.role() });
    }
}

/// The text of the first element of that name.
pub fn element(body: &str, name: &str) -> String {
    let (_, rest) = body.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {body}"));
    rest.split('<').next().unwrap().to_owned()
}

/// Expects this error.
pub fn refused(answer: &(u16, String), status: u16, code: &str, words: &str) {
    let (got, body) = answer;
    assert!(
        *got == status && body.contains(&format!("<Code>{code}</Code>")) && body.contains(words),
        "expected {status} {code} {words}, got {got} {body}"
    );
}

pub fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// A statement of an identity policy.
pub fn may(actions: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}}"#)
}

/// A statement of a trust policy.
pub fn trusts(who: &str, actions: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(r#","Condition":{condition}"#) };
    format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{who}"}},"Action":{actions}{condition}}}"#)
}

pub fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_secs(1_700_000_000)
}

fn user(id: &str) -> User {
    User {
        account: account(id),
        name: "ann".into(),
        path: "/".into(),
        id: format!("AIDAANN00{id}"),
        created: at(),
        inline: BTreeMap::new(),
        attached: vec![],
        boundary: None,
        groups: vec![],
        tags: vec![],
    }
}

fn role() -> Role {
    Role {
        account: account(ACCOUNT),
        name: "ops".into(),
        path: "/eng/".into(),
        id: "AROAOPS0000000000000A".into(),
        created: at(),
        description: None,
        trust: policy(&trusts(
            "111122223333",
            r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#,
            "",
        )),
        inline: BTreeMap::new(),
        attached: vec![],
        boundary: None,
        session_seconds_max: 7200,
        linked_service: None,
        last_used: None,
        tags: vec![Tag { key: "team".into(), value: "red".into() }],
    }
}

/// The account's policy `own`.
pub fn managed() -> ManagedPolicy {
    let version = PolicyVersion { id: "v1".into(), document: policy(&may(r#""ec2:*""#)), created: at() };
    ManagedPolicy {
        account: account(ACCOUNT),
        name: "own".into(),
        path: "/".into(),
        id: "ANPA0000000000000000A".into(),
        created: at(),
        updated: at(),
        description: None,
        versions: vec![version],
        default_version: "v1".into(),
        next_version: 2,
        attachments: 0,
        boundaries: 0,
        tags: vec![],
    }
}

pub fn root() -> Caller {
    Caller::root(account(ACCOUNT), "AKIAROOT", "192.0.2.7", "aws-cli/2")
}

/// User `ann` of an account.
pub fn ann(id: &str) -> Caller {
    let row = user(id);
    let principal = Principal::User { name: row.name, path: row.path, id: row.id };
    Caller::outside(principal, row.account, "AKIAANN", "192.0.2.7", "aws-cli/2")
}

/// `ann` with credentials of GetSessionToken.
pub fn ann_in_session(bench: &Bench) -> Caller {
    let now = bench.door.env.clock.now();
    ann(ACCOUNT).in_session(Session {
        issued: now,
        expires: now.plus(Duration::from_secs(3600)),
        policies: None,
        tags: vec![],
        transitive_tags: vec![],
        source_identity: None,
    })
}
