//! GetAccessKeyLastUsed: whose a key is, and when, where and for which service it last signed a call.
//!
//! Source: IAM API Reference, GetAccessKeyLastUsed.

use crate::{access_keys, shapes, touches};
use api::identity::AccessKeyUse;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    AccessKeyLastUsed, GetAccessKeyLastUsed as Op, GetAccessKeyLastUsedInput, GetAccessKeyLastUsedOutput,
};

pub struct GetAccessKeyLastUsed;

impl Action for GetAccessKeyLastUsed {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetAccessKeyLastUsed";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &GetAccessKeyLastUsedInput) -> Result<(), Refusal> {
        access_keys::check_id(&input.access_key_id)
    }

    fn touches(cx: &mut Cx, input: &GetAccessKeyLastUsedInput) -> Answer<Vec<Touched>> {
        match access_keys::in_account(cx, &input.access_key_id)?.map(|key| key.user) {
            Some(Some(user)) => Ok(vec![touches::user(cx, &user)?]),
            Some(None) => Ok(vec![Touched::plain(cx.account().root_arn())]),
            None => Ok(Touched::anything()),
        }
    }

    fn handle(cx: &mut Cx, input: GetAccessKeyLastUsedInput) -> Answer<GetAccessKeyLastUsedOutput> {
        let key = access_keys::in_account(cx, &input.access_key_id)?
            .ok_or_else(|| access_keys::no_such(&input.access_key_id))?;
        let last_used = shape(cx.access_key_last_used(&key.id)?);
        Ok(GetAccessKeyLastUsedOutput { user_name: key.user, access_key_last_used: Some(last_used) })
    }
}

/// `N/A` is AWS's word for a key that was never used.
fn shape(last: Option<AccessKeyUse>) -> AccessKeyLastUsed {
    let (date, service, region) = match last {
        Some(last) => (Some(shapes::whole_seconds(last.at)), last.service, last.region),
        None => (None, "N/A".into(), "N/A".into()),
    };
    AccessKeyLastUsed { last_used_date: date, service_name: Some(service), region: Some(region) }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, OTHER_ACCOUNT, element};
    use api::identity::AccessKeyUse;
    use std::time::Duration;

    #[test]
    fn the_last_use_counts() {
        let bench = Bench::new();
        let name = ("UserName", "alice");
        bench.ok("CreateUser", &[name]);
        let id = element(&bench.ok("CreateAccessKey", &[name]), "AccessKeyId");
        let key = [("AccessKeyId", id.as_str())];
        assert_eq!(
            bench.ok("GetAccessKeyLastUsed", &key),
            "<UserName>alice</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>"
        );
        let used = |service: &str, region: &str| {
            bench.clock.advance(Duration::from_secs(60));
            let at = bench.door.env.clock.now();
            let (service, region) = (service.to_owned(), region.to_owned());
            let now = AccessKeyUse { access_key_id: id.clone(), at, service, region };
            bench.door.key_uses.note(&bench.door.catalog, now).unwrap();
        };
        used("ec2", "us-east-1");
        used("kms", "eu-west-1");
        let told = bench.ok("GetAccessKeyLastUsed", &key);
        assert_eq!(element(&told, "LastUsedDate"), "2026-01-02T03:06:05.000Z");
        assert_eq!(
            (element(&told, "ServiceName"), element(&told, "Region")),
            ("kms".into(), "eu-west-1".into())
        );
    }

    #[test]
    fn another_accounts_key_is_not_found() {
        let bench = Bench::new();
        let id = element(&bench.ok("CreateAccessKey", &[]), "AccessKeyId");
        let message = format!("The Access Key with id {id} cannot be found.");
        let other = bench.root_of(OTHER_ACCOUNT);
        bench.refused_as(&other, "GetAccessKeyLastUsed", &[("AccessKeyId", &id)], "NoSuchEntity", &message);
        assert!(!bench.ok("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]).contains("UserName"));
    }
}
