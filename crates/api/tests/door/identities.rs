//! Rows of people and organizations for the tests of what the door gathers.

use crate::bench::Bench;
use api::identity::{
    Account, ControlPolicy, Group, ManagedPolicy, Node, Organization, PolicyVersion, Role, User,
};
use api::{Caller, Principal, Session};
use base::{AccountId, Tag, Timestamp};
use catalog::Row;
use std::collections::BTreeMap;
use std::time::Duration;

pub const ACCOUNT: &str = "111122223333";

pub fn account() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

pub fn put<R: Row>(bench: &Bench, row: &R) {
    let mut tx = bench.door.catalog.begin().unwrap();
    tx.put(row).unwrap();
    tx.commit().unwrap();
}

/// One statement with this effect and action on everything.
pub fn document(effect: &str, action: &str) -> String {
    statement(&format!(r#""Effect":"{effect}","Action":"{action}","Resource":"*""#))
}

pub fn statement(inner: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{inner}}}]}}"#)
}

pub fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

fn at() -> Timestamp {
    Timestamp::from_secs(1_700_000_000)
}

pub fn user() -> User {
    User {
        account: account(),
        name: "ann".into(),
        path: "/eng/".into(),
        id: "AIDAANN0000000000000A".into(),
        created: at(),
        inline: BTreeMap::new(),
        attached: vec![],
        boundary: None,
        groups: vec![],
        tags: vec![],
    }
}

pub fn group(name: &str) -> Group {
    Group {
        account: account(),
        name: name.into(),
        path: "/".into(),
        id: "AGPA0000000000000000A".into(),
        created: at(),
        inline: BTreeMap::new(),
        attached: vec![],
    }
}

pub fn role() -> Role {
    Role {
        account: account(),
        name: "ops".into(),
        path: "/".into(),
        id: "AROAOPS0000000000000A".into(),
        created: at(),
        description: None,
        trust: String::new(),
        inline: BTreeMap::new(),
        attached: vec![],
        boundary: None,
        session_seconds_max: 3600,
        linked_service: None,
        last_used: None,
        tags: vec![],
    }
}

/// The policy `name` of the account with this document in force, as its second version.
pub fn managed(name: &str, text: &str) -> ManagedPolicy {
    let version =
        |id: &str, document: &str| PolicyVersion { id: id.into(), document: document.into(), created: at() };
    ManagedPolicy {
        account: account(),
        name: name.into(),
        path: "/".into(),
        id: "ANPA0000000000000000A".into(),
        created: at(),
        updated: at(),
        description: None,
        versions: vec![version("v1", &document("Deny", "*")), version("v2", text)],
        default_version: "v2".into(),
        next_version: 3,
        attachments: 1,
        boundaries: 0,
        tags: vec![],
    }
}

pub fn managed_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

/// The account under root `r-a` and OU `ou-a` of `o-a`, each level with these policies.
pub fn organization(bench: &Bench, management: &str, enabled: bool, levels: [&[&str]; 3]) {
    let ids = |level: &[&str]| level.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let node = |id: &str, parent: Option<&str>, level| Node {
        id: id.into(),
        organization: "o-a".into(),
        name: id.into(),
        parent: parent.map(str::to_owned),
        control_enabled: enabled,
        control_policies: ids(level),
        created: at(),
        tags: vec![],
    };
    let management = AccountId::parse(management).unwrap();
    put(bench, &Organization { id: "o-a".into(), management, root: "r-a".into(), created: at() });
    put(bench, &node("r-a", None, levels[0]));
    put(bench, &node("ou-a", Some("r-a"), levels[1]));
    put(
        bench,
        &Account {
            organization: Some("o-a".into()),
            parent: Some("ou-a".into()),
            control_policies: ids(levels[2]),
            ..Account::new(account(), at())
        },
    );
}

pub fn control(bench: &Bench, id: &str, document: &str) {
    put(
        bench,
        &ControlPolicy {
            id: id.into(),
            organization: "o-a".into(),
            name: id.into(),
            description: String::new(),
            document: document.into(),
            created: at(),
            tags: vec![],
        },
    );
}

pub fn outside(principal: Principal) -> Caller {
    Caller::outside(principal, account(), "AKIATEST", "192.0.2.7", "aws-cli/2")
}

pub fn as_user() -> Caller {
    let user = user();
    outside(Principal::User { name: user.name, path: user.path, id: user.id })
}

pub fn session(bench: &Bench) -> Session {
    let now = bench.door.env.clock.now();
    Session {
        issued: now,
        expires: now.plus(Duration::from_secs(3600)),
        policies: None,
        tags: vec![],
        transitive_tags: vec![],
        source_identity: None,
    }
}

pub fn as_role(bench: &Bench) -> Caller {
    let role = role();
    let principal = Principal::Role {
        name: role.name,
        path: role.path,
        id: role.id,
        session: "s1".into(),
        service_linked: false,
    };
    outside(principal).in_session(session(bench))
}

pub fn as_federated(bench: &Bench, by: Principal) -> Caller {
    let principal = Principal::FederatedUser { name: "bob".into(), by: Box::new(by) };
    outside(principal).in_session(session(bench))
}
