//! ListAccessKeys: a user's access keys without their secrets, the oldest first; without a name the caller's.
//!
//! Source: IAM API Reference, ListAccessKeys.

use crate::find::{self, Named};
use crate::paging::{self, Paging};
use crate::{names, shapes, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListAccessKeys as Op, ListAccessKeysInput, ListAccessKeysOutput};

pub struct ListAccessKeys;

impl Action for ListAccessKeys {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListAccessKeys";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListAccessKeysInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListAccessKeysInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: ListAccessKeysInput) -> Answer<ListAccessKeysOutput> {
        let user = match find::named_or_caller(cx, input.user_name.as_deref())? {
            Named::Root => None,
            Named::User(name) => Some(find::user(cx, &name)?.name),
        };
        let keys = find::access_keys(cx, user.as_deref())?;
        let paging = Paging {
            action: "ListAccessKeys",
            of: user.as_deref().unwrap_or_default(),
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let in_time = |key: &api::identity::AccessKey| format!("{:020}{}", key.created.millis(), key.id);
        let page = paging.list(cx, keys, in_time)?.map(|key| shapes::access_key(&key));
        Ok(ListAccessKeysOutput {
            is_truncated: page.is_truncated(),
            access_key_metadata: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};
    use std::time::Duration;

    #[test]
    fn keys_come_oldest_first_in_pages() {
        let bench = Bench::new();
        let name = ("UserName", "alice");
        bench.ok("CreateUser", &[name]);
        let mut ids = vec![];
        for _ in 0..2 {
            ids.push(element(&bench.ok("CreateAccessKey", &[name]), "AccessKeyId"));
            bench.clock.advance(Duration::from_secs(60));
        }
        let first = bench.ok("ListAccessKeys", &[name, ("MaxItems", "1")]);
        let marker = element(&first, "Marker");
        assert_eq!(
            first,
            format!(
                "<AccessKeyMetadata><member><UserName>alice</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>\
                 <CreateDate>2026-01-02T03:04:05.000Z</CreateDate></member></AccessKeyMetadata>\
                 <IsTruncated>true</IsTruncated><Marker>{marker}</Marker>",
                ids[0]
            )
        );
        let second = bench.ok("ListAccessKeys", &[name, ("Marker", &marker)]);
        assert_eq!(elements(&second, "AccessKeyId"), ids[1..]);
    }

    #[test]
    fn the_roots_are_its_own() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.ok("CreateAccessKey", &[("UserName", "alice")]);
        let empty = "<AccessKeyMetadata></AccessKeyMetadata><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListAccessKeys", &[]), empty);
        let message = "The user with name bob cannot be found.";
        bench.refused("ListAccessKeys", &[("UserName", "bob")], "NoSuchEntity", message);
    }
}
