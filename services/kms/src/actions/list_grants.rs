//! ListGrants: the grants on a key, all of them, one by id, or those of one grantee; 50 to a page, at most 100. Any key state.
//!
//! Needs `kms:ListGrants` on the key. Source: KMS API Reference, ListGrants.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::grants;
use crate::paging::{Page, Paging};
use crate::rows::Grant;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::kms::{ListGrants as Op, ListGrantsInput, ListGrantsOutput};

pub struct ListGrants;

impl Action for ListGrants {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListGrants";
    const KEYS: &'static [&'static str] = &["kms:GrantIsForAWSResource"];

    fn check(input: &ListGrantsInput) -> Result<(), Refusal> {
        input.grant_id.as_deref().map_or(Ok(()), grants::check_id)
    }

    fn authorise(cx: &mut Cx, input: &ListGrantsInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "ListGrants", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: ListGrantsInput) -> Answer<ListGrantsOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        let paging = Paging {
            action: "ListGrants",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 50,
            max: 100,
        };
        let grantee = match input.grantee_principal.as_ref().or(input.grantee_service_principal.as_ref()) {
            Some(name) => Some(grants::filtered_principal(cx, name)?),
            None => None,
        };
        let grantee = grantee.as_ref();
        let page = match (&input.grant_id, grantee) {
            (Some(id), _) => {
                let found = cx.tx.get::<Grant>(&format!("{}{id}", key.prefix()))?;
                let fits = |grant: &Grant| grantee.is_none_or(|grantee| grant.grantee == *grantee);
                Page { items: found.into_iter().filter(fits).collect(), next_marker: None }
            }
            (None, Some(grantee)) => {
                paging.scan_index(cx, "grantee", &Grant::grantee_index(&key, grantee))?
            }
            (None, None) => paging.scan(cx, &key.prefix())?,
        };
        Ok(ListGrantsOutput {
            truncated: page.truncated(),
            grants: Some(
                page.items.into_iter().map(|grant| grants::shown(cx, grant)).collect::<Answer<_>>()?,
            ),
            next_marker: page.next_marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    #[test]
    fn an_entry_tells_everything_but_the_token() {
        let bench = Bench::new();
        let key = bench.create_key();
        let (id, _) = bench.grant_to_session(&key.id);
        let answer = bench.ok("ListGrants", json!({"KeyId": key.id}));
        let entry = answer["Grants"][0].clone();
        assert_eq!(
            entry,
            json!({
                "KeyId": key.arn,
                "GrantId": id,
                "Name": "",
                "CreationDate": entry["CreationDate"],
                "GranteePrincipal": bench.session().arn(),
                "RetiringPrincipal": "ec2.us-east-1.amazonaws.com",
                "IssuingAccount": "arn:aws:iam::111122223333:root",
                "Operations": ["Decrypt"],
                "Constraints": {"EncryptionContextSubset": {"a": "1"}},
            })
        );
        assert_eq!(answer["Truncated"], false);
    }

    #[test]
    fn grants_are_picked_by_id_and_by_grantee_and_paged() {
        let bench = Bench::new();
        let (key, other) = (bench.create_key(), bench.create_key());
        let (first, _) = bench.grant_to_session(&key.id);
        (0..2).for_each(|_| drop(bench.grant_to_session(&key.id)));
        let role = Bench::role_arn(&bench.role("111122223333", "r", Value::Null));
        bench
            .ok("CreateGrant", json!({"KeyId": key.id, "GranteePrincipal": role, "Operations": ["Encrypt"]}));
        bench.grant_to_session(&other.id);
        let count = |more: Value| {
            let mut input = json!({"KeyId": key.id});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            bench.ok("ListGrants", input)["Grants"].as_array().unwrap().len()
        };
        assert_eq!(count(json!({})), 4);
        assert_eq!(count(json!({"GrantId": first})), 1);
        assert_eq!(count(json!({"GrantId": "0".repeat(64)})), 0);
        assert_eq!(count(json!({"GranteePrincipal": bench.session().arn()})), 3);
        assert_eq!(count(json!({"GranteePrincipal": role})), 1);
        assert_eq!(count(json!({"GrantId": first, "GranteePrincipal": role})), 0);
        let page = bench.ok("ListGrants", json!({"KeyId": key.id, "Limit": 3}));
        assert_eq!(page["Truncated"], true);
        assert_eq!(count(json!({"Marker": page["NextMarker"]})), 1);
        let (_, body) = bench.call_as(&bench.root(), "ListGrants", json!({"KeyId": key.id, "GrantId": "x"}));
        assert_eq!(body["__type"], "InvalidGrantIdException");
    }
}
