//! ListRetirableGrants: the grants in this Region, on keys of any account, that a principal of the caller's account may retire;
//! 50 to a page, at most 100.
//!
//! Needs `kms:ListRetirableGrants`; until policies exist, the account root. Source: KMS API Reference, ListRetirableGrants.

use crate::grants;
use crate::paging::Paging;
use crate::rows::Grant;
use api::{Action, Answer, Cx};
use base::{Arn, Refusal};
use wire::generated::kms::{ListRetirableGrants as Op, ListRetirableGrantsInput, ListRetirableGrantsOutput};

pub struct ListRetirableGrants;

impl Action for ListRetirableGrants {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListRetirableGrants";

    fn check(input: &ListRetirableGrantsInput) -> Result<(), Refusal> {
        principal(input).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &ListRetirableGrantsInput) -> Answer<()> {
        cx.authorise(Self::IAM, &api::Touched::anything())?;
        // A service's name belongs to no account: its grants are listed for nobody, as they would tell of other accounts.
        let retiring = principal(input)?;
        if Arn::parse(&retiring).is_ok_and(|arn| arn.account == cx.account().as_str()) {
            return Ok(());
        }
        Err(Refusal::new("AccessDeniedException", format!("{retiring} is not a principal of this account."))
            .because("a caller sees only what principals of its own account may retire")
            .into())
    }

    fn handle(cx: &mut Cx, input: ListRetirableGrantsInput) -> Answer<ListRetirableGrantsOutput> {
        let paging = Paging {
            action: "ListRetirableGrants",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 50,
            max: 100,
        };
        let retiring = grants::filtered_principal(cx, &principal(&input)?)?;
        let index = format!("{}/{retiring}", cx.region());
        let page = paging.scan_index::<Grant>(cx, "retiring", &index)?;
        Ok(ListRetirableGrantsOutput {
            truncated: page.truncated(),
            grants: Some(
                page.items.into_iter().map(|grant| grants::shown(cx, grant)).collect::<Answer<_>>()?,
            ),
            next_marker: page.next_marker,
        })
    }
}

fn principal(input: &ListRetirableGrantsInput) -> Result<String, Refusal> {
    let named = grants::principal(&input.retiring_principal, &input.retiring_service_principal, "Retiring")?;
    named.ok_or_else(|| {
        grants::validation(
            "1 validation error detected: Value null at 'retiringPrincipal' failed to satisfy constraint: Member must not be \
             null",
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    #[test]
    fn grants_are_listed_for_principals_of_the_account_only() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.grant_to_session(&key.id);
        let role = &Bench::role_arn(&bench.role("111122223333", "r", Value::Null));
        let input = json!({
            "KeyId": key.id, "GranteePrincipal": bench.session().arn(), "RetiringPrincipal": role, "Operations": ["Decrypt"],
        });
        bench.ok("CreateGrant", input);
        let answer = bench.ok("ListRetirableGrants", json!({"RetiringPrincipal": role}));
        assert_eq!((answer["Grants"].as_array().unwrap().len(), &answer["Truncated"]), (1, &json!(false)));
        assert_eq!(answer["Grants"][0]["RetiringPrincipal"], json!(role));
        let other = bench.root_of("444455556666");
        for (caller, principal) in [(&other, role.as_str()), (&bench.root(), "ec2.us-east-1.amazonaws.com")] {
            let input = json!({"RetiringPrincipal": principal});
            let (_, body) = bench.call_as(caller, "ListRetirableGrants", input);
            assert_eq!(body["__type"], "AccessDeniedException");
        }
        for (input, code) in [
            (json!({}), "ValidationException"),
            (json!({"RetiringPrincipal": "nobody"}), "InvalidArnException"),
        ] {
            let (_, body) = bench.call_as(&bench.root(), "ListRetirableGrants", input);
            assert_eq!(body["__type"], code);
        }
    }
}
