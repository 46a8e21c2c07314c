//! Who may: every combination of caller, key policy, grant, identity policy, boundary, session policy, control policy and account,
//! against the table in `mod.rs` written down a second time; then messages, reasons, and what lies just outside the table.

mod combinations;
mod words;

use super::*;
use crate::iam::{Attached, PolicyType};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

pub const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const OWNER: &str = "111122223333";
pub const OTHER: &str = "444455556666";

/// A caller by its names.
#[derive(Clone, Debug)]
pub struct Who {
    pub kind: AskerKind,
    pub account: &'static str,
    pub arn: String,
    pub issuer: Option<String>,
}

impl Who {
    pub fn new(kind: AskerKind, account: &'static str) -> Who {
        let sts = |rest: &str| format!("arn:aws:sts::{account}:{rest}");
        let iam = |rest: &str| format!("arn:aws:iam::{account}:{rest}");
        let (arn, issuer) = match kind {
            AskerKind::Root => (iam("root"), None),
            AskerKind::User => (iam("user/ann"), None),
            AskerKind::RoleSession | AskerKind::ServiceLinkedRoleSession => {
                (sts("assumed-role/worker/s"), Some(iam("role/worker")))
            }
            AskerKind::FederatedUser => (sts("federated-user/fay"), Some(iam("user/ann"))),
            AskerKind::Service => ("ebs.amazonaws.com".to_owned(), None),
        };
        Who { kind, account, arn, issuer }
    }

    pub fn asker(&self) -> Asker<'_> {
        Asker { kind: self.kind, arn: &self.arn, issuer_arn: self.issuer.as_deref(), account: self.account }
    }
}

/// One question, as far as a test says something about it.
pub struct Asking<'a> {
    pub who: &'a Who,
    pub layers: Layers,
    pub policy: Policy,
    pub manager: KeyManager,
    pub operation: &'a str,
    pub keys: iam::Context,
    pub grants: Vec<(Whom, Vec<String>, Constraint)>,
    pub encryption_context: Option<Context>,
    pub child: Option<(Vec<String>, Constraint)>,
}

impl<'a> Asking<'a> {
    pub fn new(who: &'a Who, policy: &str) -> Asking<'a> {
        Asking {
            who,
            layers: Layers::default(),
            policy: key_policy(policy),
            manager: KeyManager::Customer,
            operation: "Decrypt",
            keys: iam::Context::default(),
            grants: vec![],
            encryption_context: None,
            child: None,
        }
    }

    pub fn granted(mut self, whom: Whom, operations: &[&str], constraint: Constraint) -> Self {
        self.grants.push((whom, names(operations), constraint));
        self
    }

    pub fn decide(&self) -> Result<AllowedBy, Denied> {
        let key = Arn::parse(KEY).unwrap();
        let ids: Vec<String> = (1..=self.grants.len()).map(|n| format!("g{n}")).collect();
        let grants: Vec<GrantFacts> = std::iter::zip(&ids, &self.grants)
            .map(|(id, (whom, operations, constraint))| GrantFacts {
                id,
                whom: *whom,
                operations,
                constraint,
            })
            .collect();
        let child = self.child.as_ref().map(|(operations, constraint)| NewGrant { operations, constraint });
        decide(&Question {
            asker: self.who.asker(),
            layers: &self.layers,
            key: &key,
            shown: &key,
            manager: self.manager,
            policy: &self.policy,
            operation: self.operation,
            context: &self.keys,
            bare: &iam::Context::default(),
            grants: &grants,
            encryption_context: self.encryption_context.as_ref(),
            new_grant: child.as_ref(),
        })
    }
}

pub fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

pub fn key_policy(statements: &str) -> Policy {
    read(statements, PolicyType::Key)
}

pub fn read(statements: &str, kind: PolicyType) -> Policy {
    thread_local! {
        // The combinations ask for the same few documents many thousand times.
        static READ: RefCell<HashMap<(String, PolicyType), Policy>> = RefCell::default();
    }
    let known = (statements.to_owned(), kind);
    READ.with_borrow_mut(|read| read.entry(known).or_insert_with(|| parsed(statements, kind)).clone())
}

fn parsed(statements: &str, kind: PolicyType) -> Policy {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    Policy::parse(&text, kind).unwrap_or_else(|why| panic!("{text}: {why:?}"))
}

/// A policy of the caller's side with one statement about `action`.
pub fn attached(effect: &str, action: &str, kind: PolicyType) -> Attached {
    let statement = format!(r#"{{"Sid": "S", "Effect": "{effect}", "Action": "{action}", "Resource": "*"}}"#);
    Attached { policy: Arc::new(read(&statement, kind)), source: "policy \"p\"".to_owned() }
}

/// A statement of a key policy that lets `principal` (JSON) do everything.
pub fn lets(principal: &str) -> String {
    format!(
        r#"{{"Sid": "Lets", "Effect": "Allow", "Principal": {principal}, "Action": "kms:*", "Resource": "*"}}"#
    )
}

pub fn aws(name: &str) -> String {
    format!(r#"{{"AWS": "{name}"}}"#)
}

pub fn context(pairs: &[(&str, &str)]) -> Context {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
