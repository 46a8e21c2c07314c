//! An IAM of its own for each test: the real door, a catalog in a temporary directory, a simulated clock. Calls go in and come
//! out as wire text.

use api::identity::{AccessKey, Account, User, named};
use api::{Caller, Cx, Door, Principal, Registry, Request, trail};
use base::{AccountId, Region};
use catalog::Catalog;
use env::{Env, SimClock};
use keys::{KeyFileSeal, SealHandle};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wire::generated::iam::SERVICE;
use wire::{Call, token::TokenKey};

pub const ACCOUNT: &str = "111122223333";
pub const OTHER_ACCOUNT: &str = "444455556666";
/// A trust policy that lets EC2 assume a role.
pub const EC2_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// One server.
pub struct Bench {
    pub door: Door,
    pub clock: Arc<SimClock>,
    pub seal: Arc<SealHandle>,
    /// The catalog lives here as long as the bench.
    _dir: tempfile::TempDir,
}

/// A request's parameters.
pub type Form<'a> = &'a [(&'a str, &'a str)];

impl Bench {
    pub fn new() -> Bench {
        let (env, clock) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, api::TABLES, env.clock.clone()).unwrap();
        let path = dir.path().join("seal.key");
        let seal = KeyFileSeal::open_or_create(&*env.files, &path, env.entropy.clone()).unwrap();
        let seal = Arc::new(SealHandle(Arc::new(seal)));
        let registry = Registry::default().with(crate::table());
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32])).with_dependency(seal.clone());
        let bench = Bench { door, clock, seal, _dir: dir };
        for account in [ACCOUNT, OTHER_ACCOUNT] {
            let id = AccountId::parse(account).unwrap();
            bench.with_cx(|cx| cx.tx.put(&Account::new(id.clone(), cx.now())).unwrap());
        }
        bench
    }

    pub fn root(&self) -> Caller {
        self.root_of(ACCOUNT)
    }

    pub fn root_of(&self, account: &str) -> Caller {
        Caller::root(AccountId::parse(account).unwrap(), "AKIATEST", "127.0.0.1", "test")
    }

    /// A user of [`ACCOUNT`] that CreateUser made, as a caller.
    pub fn user(&self, name: &str) -> Caller {
        let account = AccountId::parse(ACCOUNT).unwrap();
        let row = self.door.catalog.begin().unwrap().get::<User>(&named(&account, name)).unwrap().unwrap();
        let principal = Principal::User { name: row.name, path: row.path, id: row.id };
        Caller::outside(principal, account, "AKIAUSER", "127.0.0.1", "test")
    }

    /// Somebody's session of a role, which no user is.
    pub fn session(&self) -> Caller {
        Caller::instance_infrastructure(AccountId::parse(ACCOUNT).unwrap(), "i-0123456789abcdef0")
    }

    fn request(&self) -> Request {
        self.clock.advance(Duration::from_millis(1));
        Request {
            id: self.door.env.ids.uuid(),
            region: Region::parse("us-east-1").unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost".into(),
        }
    }

    /// Calls as `caller`; status and the whole body.
    pub fn call_as(&self, caller: &Caller, action: &str, form: Form) -> (u16, String) {
        let mut body = format!("Action={action}&Version=2010-05-08");
        for (name, value) in form {
            body.push_str(&format!("&{name}={}", crate::shapes::encoded(value)));
        }
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: body.into(),
            ..Default::default()
        };
        let reply = self.door.serve(&SERVICE, caller, &self.request(), &call);
        (reply.status, String::from_utf8(reply.body.to_vec()).unwrap())
    }

    /// Calls as the root; the answer must be a success. What is inside of `<XResult>`; nothing if the action answers nothing.
    pub fn ok(&self, action: &str, form: Form) -> String {
        self.ok_as(&self.root(), action, form)
    }

    pub fn ok_as(&self, caller: &Caller, action: &str, form: Form) -> String {
        let (status, body) = self.call_as(caller, action, form);
        assert_eq!(status, 200, "{action} {form:?}: {body}");
        let start = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
        );
        let inside = body.strip_prefix(&start).unwrap_or_else(|| panic!("{action}: {body}"));
        let (result, end) = inside.rsplit_once("<ResponseMetadata>").unwrap();
        assert!(end.ends_with(&format!("</ResponseMetadata></{action}Response>")), "{body}");
        if result.is_empty() {
            return String::new();
        }
        let (open, close) = (format!("<{action}Result>"), format!("</{action}Result>"));
        let result = result.strip_prefix(&open).and_then(|r| r.strip_suffix(&close));
        result.unwrap_or_else(|| panic!("{action}: {body}")).to_owned()
    }

    /// Calls as the root; the answer must be this refusal.
    pub fn refused(&self, action: &str, form: Form, code: &str, message: &str) {
        self.refused_as(&self.root(), action, form, code, message);
    }

    pub fn refused_as(&self, caller: &Caller, action: &str, form: Form, code: &str, message: &str) {
        let (status, body) = self.call_as(caller, action, form);
        let told = (between(&body, "<Code>", "</Code>"), between(&body, "<Message>", "</Message>"));
        let escaped = message.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        assert_eq!(told, (Some(code.to_owned()), Some(escaped)), "{action} {form:?}");
        let expected = match code {
            "NoSuchEntity" => 404,
            "EntityAlreadyExists" | "DeleteConflict" | "LimitExceeded" => 409,
            "AccessDenied" => 403,
            _ => 400,
        };
        assert_eq!(status, expected, "{action} {form:?}");
    }

    /// Runs `work` as the root in a transaction that is committed.
    pub fn with_cx<T>(&self, mut work: impl FnMut(&mut Cx) -> T) -> T {
        self.door.transact(&self.root(), &self.request(), &SERVICE, |cx| Ok(work(cx))).unwrap()
    }

    /// Changes a user's row behind the API's back.
    pub fn change_user(&self, name: &str, change: impl Fn(&mut User)) {
        self.with_cx(|cx| {
            let mut user = crate::find::user(cx, name).unwrap();
            change(&mut user);
            cx.tx.put(&user).unwrap();
        });
    }

    /// Gives a user an inline policy `test` that allows one action on one resource.
    pub fn allow(&self, name: &str, action: &str, resource: &str) {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        self.give(name, &json!({"Version": "2012-10-17", "Statement": [statement]}));
    }

    /// Gives a user the inline policy `test`.
    pub fn give(&self, name: &str, policy: &Value) {
        self.change_user(name, |user| {
            user.inline.insert("test".into(), policy.to_string());
        });
    }

    /// Makes a user one who may do everything.
    pub fn allow_all(&self, name: &str) {
        self.allow(name, "*", "*");
    }

    /// The stored row of an access key.
    pub fn access_key(&self, id: &str) -> Option<AccessKey> {
        self.door.catalog.begin().unwrap().get(id).unwrap()
    }

    /// The newest trail record of an action.
    pub fn last_record(&self, action: &str) -> trail::Record {
        let all = self.door.catalog.begin().unwrap().scan::<trail::Record>("", None, 10_000).unwrap();
        let records = all.into_iter().filter(|record| record.event_name == action);
        records.max_by_key(|record| record.time).unwrap()
    }
}

/// What stands between the first `open` and the next `close`.
pub fn between(text: &str, open: &str, close: &str) -> Option<String> {
    let rest = text.split_once(open)?.1;
    Some(rest.split_once(close)?.0.to_owned())
}

/// The text of the first element of this name.
pub fn element(xml: &str, name: &str) -> String {
    between(xml, &format!("<{name}>"), &format!("</{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"))
}

/// The texts of all elements of this name.
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}
