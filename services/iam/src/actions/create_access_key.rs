//! CreateAccessKey: a pair of access key id and secret, two per user at most. The secret is shown here and never again; stored it is
//! only under the seal. Without a name it is for the caller, also for the account's root.
//!
//! Source: IAM API Reference, CreateAccessKey.

use crate::find::{self, Named};
use crate::{ids, limits, names, shapes, touches};
use api::identity;
use api::{Action, Answer, Cx, Touched};
use base::{Fault, Refusal};
use keys::{Purpose, SealHandle, Secret};
use wire::generated::iam::{AccessKey, CreateAccessKey as Op, CreateAccessKeyInput, CreateAccessKeyOutput};

pub struct CreateAccessKey;

impl Action for CreateAccessKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateAccessKey";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &CreateAccessKeyInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())
    }

    fn touches(cx: &mut Cx, input: &CreateAccessKeyInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: CreateAccessKeyInput) -> Answer<CreateAccessKeyOutput> {
        let user = match find::named_or_caller(cx, input.user_name.as_deref())? {
            Named::Root => None,
            Named::User(name) => Some(find::user(cx, &name)?.name),
        };
        if find::access_keys(cx, user.as_deref())?.len() >= limits::ACCESS_KEYS_PER_USER {
            return Err(limits::exceeded("AccessKeysPerUser", limits::ACCESS_KEYS_PER_USER).into());
        }
        let seal = cx.dependency::<SealHandle>()?;
        let id = ids::access_key(cx);
        let secret = keys::secret_access_key(&*cx.door.env.entropy).map_err(sealing)?;
        let row = identity::AccessKey {
            account: cx.account().clone(),
            user,
            inactive: false,
            created: shapes::whole_seconds(cx.now()),
            sealed_secret: seal.0.wrap(Purpose::AccessKeySecret, &id, &secret).map_err(sealing)?,
            id,
        };
        cx.tx.put(&row)?;
        Ok(CreateAccessKeyOutput { access_key: Some(shown_once(&row, &secret)) })
    }
}

fn shown_once(row: &identity::AccessKey, secret: &Secret) -> AccessKey {
    AccessKey {
        user_name: row.user.clone(),
        access_key_id: Some(row.id.clone()),
        status: Some(shapes::status(row)),
        secret_access_key: Some(String::from_utf8_lossy(secret.expose()).into_owned()),
        create_date: Some(row.created),
    }
}

fn sealing(error: keys::KeysError) -> Fault {
    Fault::caused("sealing an access key's secret", error)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, OTHER_ACCOUNT, element};
    use keys::Purpose;

    #[test]
    fn the_secret_is_shown_once_and_stored_sealed() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "Alice")]);
        let told = bench.ok("CreateAccessKey", &[("UserName", "alice")]);
        let (id, secret) = (element(&told, "AccessKeyId"), element(&told, "SecretAccessKey"));
        assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
        assert_eq!(secret.len(), 40);
        assert_eq!(
            told,
            format!(
                "<AccessKey><UserName>Alice</UserName><AccessKeyId>{id}</AccessKeyId><Status>Active</Status>\
                 <SecretAccessKey>{secret}</SecretAccessKey><CreateDate>2026-01-02T03:04:05.000Z</CreateDate></AccessKey>"
            )
        );
        let row = bench.access_key(&id).unwrap();
        let opened = bench.seal.0.unwrap(Purpose::AccessKeySecret, &id, &row.sealed_secret).unwrap();
        assert_eq!(opened.expose(), secret.as_bytes());
        assert!(!bench.ok("ListAccessKeys", &[("UserName", "alice")]).contains(&secret));
        let record = bench.last_record("CreateAccessKey").body.to_string();
        assert!(record.contains(&id) && !record.contains(&secret), "{record}");
    }

    #[test]
    fn two_are_the_most() {
        let bench = Bench::new();
        let name = ("UserName", "alice");
        bench.ok("CreateUser", &[name]);
        let first = element(&bench.ok("CreateAccessKey", &[name]), "AccessKeyId");
        bench.ok("CreateAccessKey", &[name]);
        let message = "Cannot exceed quota for AccessKeysPerUser: 2";
        bench.refused("CreateAccessKey", &[name], "LimitExceeded", message);
        bench.ok("DeleteAccessKey", &[name, ("AccessKeyId", &first)]);
        bench.ok("CreateAccessKey", &[name]);
    }

    #[test]
    fn without_a_name_it_is_the_callers() {
        let bench = Bench::new();
        let told = bench.ok("CreateAccessKey", &[]);
        assert!(!told.contains("UserName"), "{told}");
        assert_eq!(bench.access_key(&element(&told, "AccessKeyId")).unwrap().user, None);
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.allow("alice", "iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}");
        let alice = bench.user("alice");
        assert_eq!(element(&bench.ok_as(&alice, "CreateAccessKey", &[]), "UserName"), "alice");
        bench.ok("CreateUser", &[("UserName", "bob")]);
        let (status, _) = bench.call_as(&alice, "CreateAccessKey", &[("UserName", "bob")]);
        assert_eq!(status, 403);
        let message = "Must specify userName when calling with non-User credentials";
        bench.refused_as(&bench.session(), "CreateAccessKey", &[], "ValidationError", message);
        let message = "The user with name alice cannot be found.";
        let other = bench.root_of(OTHER_ACCOUNT);
        bench.refused_as(&other, "CreateAccessKey", &[("UserName", "alice")], "NoSuchEntity", message);
    }
}
