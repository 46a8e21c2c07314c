//! ListKeyPolicies: always the one name `default`. Any state.
//!
//! Needs `kms:ListKeyPolicies` on the key. Source: KMS API Reference, ListKeyPolicies.

use crate::access::{self, Asks};
use crate::find::Accepts;
use crate::paging::Paging;
use crate::policy;
use api::{Action, Answer, Cx};
use wire::generated::kms::{ListKeyPolicies as Op, ListKeyPoliciesInput, ListKeyPoliciesOutput};

pub struct ListKeyPolicies;

impl Action for ListKeyPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListKeyPolicies";

    fn authorise(cx: &mut Cx, input: &ListKeyPoliciesInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "ListKeyPolicies", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: ListKeyPoliciesInput) -> Answer<ListKeyPoliciesOutput> {
        let paging = Paging {
            action: "ListKeyPolicies",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 100,
            max: 1000,
        };
        let page = paging.list(cx, vec![policy::NAME.to_owned()], String::clone)?;
        Ok(ListKeyPoliciesOutput {
            truncated: page.truncated(),
            policy_names: Some(page.items),
            next_marker: page.next_marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn a_key_has_one_policy() {
        let bench = Bench::new();
        let key = bench.create_key();
        let answer = bench.ok("ListKeyPolicies", json!({"KeyId": key.id}));
        assert_eq!(answer, json!({"PolicyNames": ["default"], "Truncated": false}));
        let (_, body) = bench.call_as(&bench.root(), "ListKeyPolicies", json!({"KeyId": "x"}));
        assert_eq!(body["__type"], "NotFoundException");
    }
}
