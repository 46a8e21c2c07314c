//! Users and sessions with policies, for tests of who may do what.

use super::Bench;
use api::identity::{InstanceProfile, Role, User};
use api::{Caller, Principal};
use base::AccountId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Bench {
    /// A user of the first account with one inline policy of these statements (none: no policy at all).
    pub fn user(&self, statements: &[Value]) -> Caller {
        self.user_of(super::bench::ACCOUNT, statements)
    }

    pub fn user_of(&self, account: &str, statements: &[Value]) -> Caller {
        let id = self.door.env.ids.resource("u").replace("u-", "AIDA").to_uppercase();
        let name = format!("user-{}", &id[4..12]);
        let account = AccountId::parse(account).unwrap();
        let row = User {
            account: account.clone(),
            name: name.clone(),
            path: "/".into(),
            id: id.clone(),
            created: self.door.env.clock.now(),
            inline: inline(statements),
            attached: Vec::new(),
            boundary: None,
            groups: Vec::new(),
            tags: Vec::new(),
        };
        self.put(&row);
        let principal = Principal::User { name, path: "/".into(), id };
        Caller::outside(principal, account, "AKIAUSER", "127.0.0.1", "aws-cli/2")
    }

    /// A role with one inline policy of these statements; its ARN.
    pub fn role(&self, name: &str, statements: &[Value]) -> Role {
        let row = Role {
            account: AccountId::parse(super::bench::ACCOUNT).unwrap(),
            name: name.into(),
            path: "/".into(),
            id: format!("AROA{}", name.to_uppercase()),
            created: self.door.env.clock.now(),
            description: None,
            trust: String::new(),
            inline: inline(statements),
            attached: Vec::new(),
            boundary: None,
            session_seconds_max: 3600,
            linked_service: None,
            last_used: None,
            tags: Vec::new(),
        };
        self.put(&row);
        row
    }

    /// A session of that role.
    pub fn session_of(&self, role: &Role) -> Caller {
        let principal = Principal::Role {
            name: role.name.clone(),
            path: role.path.clone(),
            id: role.id.clone(),
            session: "night".into(),
            service_linked: false,
        };
        Caller::outside(principal, role.account.clone(), "ASIAROLE", "127.0.0.1", "aws-cli/2")
    }

    pub fn instance_profile(&self, name: &str, role: Option<&str>) -> InstanceProfile {
        let row = InstanceProfile {
            account: AccountId::parse(super::bench::ACCOUNT).unwrap(),
            name: name.into(),
            path: "/".into(),
            id: format!("AIPA{}", name.to_uppercase()),
            created: self.door.env.clock.now(),
            role: role.map(str::to_owned),
            tags: Vec::new(),
        };
        self.put(&row);
        row
    }

    /// How a dry run of the call ends for this caller: `allowed`, or the code and message of the refusal without its encoded part.
    pub fn dry(&self, caller: &Caller, body: &str) -> String {
        let body = if body.contains("DryRun") { body.to_owned() } else { format!("{body}&DryRun=true") };
        let (_, text, _) = self.call_as(caller, &body);
        let code = super::texts(&text, "Code").concat();
        if code == "DryRunOperation" {
            return "allowed".into();
        }
        let message = super::texts(&text, "Message").concat().replace("&quot;", "\"");
        let message = message.split(" Encoded authorization failure message").next().unwrap_or_default();
        format!("{code}: {message}")
    }

    /// The refusal of a dry run names the action and the resource.
    pub fn denied(&self, caller: &Caller, body: &str, action: &str, resource: &str) {
        let told = self.dry(caller, body);
        let expected = format!(
            "UnauthorizedOperation: You are not authorized to perform this operation. User: {} is not authorized to perform: \
             {action} on resource: {resource} ",
            caller.arn()
        );
        assert!(told.starts_with(&expected), "{body}\n told {told}\n not  {expected}");
    }
}

fn inline(statements: &[Value]) -> BTreeMap<String, String> {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    if statements.is_empty() { BTreeMap::new() } else { BTreeMap::from([("may".to_owned(), document)]) }
}

/// A statement that allows an action on resources.
pub fn allow(action: &str, resources: &[&str]) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resources})
}

/// A statement with a condition.
pub fn when(effect: &str, action: &str, resource: &str, operator: &str, key: &str, value: Value) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": resource, "Condition": {operator: {key: value}}})
}
