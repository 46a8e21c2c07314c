//! People of a test's accounts: users and roles as rows, and as callers.

use crate::testing::Bench;
use api::identity::{Role, User};
use api::{Caller, Principal, Session, SessionPolicy};
use base::AccountId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Bench {
    /// A user with one inline policy of these statements, or with none; made again, it is another user of the same name.
    pub fn user(&self, account: &str, name: &str, statements: Value) -> Caller {
        let id = format!("AIDA{}", self.door.env.ids.hex(16).to_uppercase());
        let account = AccountId::parse(account).unwrap();
        let (path, user) = ("/".to_owned(), name.to_owned());
        self.with_cx(|cx| {
            cx.tx
                .put(&User {
                    account: account.clone(),
                    name: name.to_owned(),
                    path: "/".to_owned(),
                    id: id.clone(),
                    created: cx.now(),
                    inline: inline(&statements),
                    attached: vec![],
                    boundary: None,
                    groups: vec![],
                    tags: vec![],
                })
                .unwrap();
        });
        Caller::outside(Principal::User { name: user, path, id }, account, "AKIATEST", "127.0.0.1", "test")
    }

    /// A session of a role with one inline policy of these statements, or with none.
    pub fn role(&self, account: &str, name: &str, statements: Value) -> Caller {
        let id = format!("AROA{}", self.door.env.ids.hex(16).to_uppercase());
        let account = AccountId::parse(account).unwrap();
        self.with_cx(|cx| {
            cx.tx
                .put(&Role {
                    account: account.clone(),
                    name: name.to_owned(),
                    path: "/".to_owned(),
                    id: id.clone(),
                    created: cx.now(),
                    description: None,
                    trust: String::new(),
                    inline: inline(&statements),
                    attached: vec![],
                    boundary: None,
                    session_seconds_max: 3600,
                    linked_service: None,
                    last_used: None,
                    tags: vec![],
                })
                .unwrap();
        });
        let (name, path, session) = (name.to_owned(), "/".to_owned(), "s".to_owned());
        let principal = Principal::Role { name, path, id, session, service_linked: false };
        Caller::outside(principal, account, "ASIATEST", "127.0.0.1", "test")
    }

    /// The same session, made with a session policy of these statements.
    pub fn limited(&self, caller: Caller, statements: Value) -> Caller {
        let now = self.door.env.clock.now();
        let document = document(&statements);
        caller.in_session(Session {
            issued: now,
            expires: now.plus(std::time::Duration::from_secs(3600)),
            policies: Some(vec![SessionPolicy { source: "the inline session policy".into(), document }]),
            tags: vec![],
            transitive_tags: vec![],
            source_identity: None,
        })
    }

    /// Of a caller that is a session: the role's ARN.
    pub fn role_arn(caller: &Caller) -> String {
        caller.issuer_arn().unwrap()
    }
}

/// A policy with these statements.
pub fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// Everything, or these actions, on everything.
pub fn allow(actions: impl Into<Value>) -> Value {
    let actions: Value = actions.into();
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

fn inline(statements: &Value) -> BTreeMap<String, String> {
    if statements.is_null() || statements == &json!([]) {
        return BTreeMap::new();
    }
    BTreeMap::from([("own".to_owned(), document(statements))])
}
