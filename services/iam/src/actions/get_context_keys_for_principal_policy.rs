//! GetContextKeysForPrincipalPolicy: which condition keys the policies of a user (with its groups'), group or role ask about, and
//! those that the request adds.
//!
//! Needs `iam:GetContextKeysForPrincipalPolicy` on the principal. Source: IAM API Reference, GetContextKeysForPrincipalPolicy.

use crate::simulate::{self, PolicyKind, principal};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    GetContextKeysForPrincipalPolicy as Op, GetContextKeysForPrincipalPolicyInput,
    GetContextKeysForPrincipalPolicyOutput,
};

pub struct GetContextKeysForPrincipalPolicy;

impl Action for GetContextKeysForPrincipalPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetContextKeysForPrincipalPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetContextKeysForPrincipalPolicyInput) -> Result<(), Refusal> {
        principal::check_arn(&input.policy_source_arn)
    }

    fn touches(cx: &mut Cx, input: &GetContextKeysForPrincipalPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![principal::touched(cx, &input.policy_source_arn)?])
    }

    fn handle(
        cx: &mut Cx,
        input: GetContextKeysForPrincipalPolicyInput,
    ) -> Answer<GetContextKeysForPrincipalPolicyOutput> {
        let entity = principal::find(cx, &input.policy_source_arn)?;
        let added = input.policy_input_list.as_deref().unwrap_or_default();
        let mut policies = simulate::inputs("PolicyInputList", PolicyKind::Identity, added)?;
        for held in entity.policies(cx)? {
            policies.push(held.source(PolicyKind::Identity)?);
        }
        if let Some(held) = entity.boundary(cx)? {
            policies.push(held.source(PolicyKind::Boundary)?);
        }
        Ok(GetContextKeysForPrincipalPolicyOutput { context_key_names: Some(simulate::keys(&policies)) })
    }
}
