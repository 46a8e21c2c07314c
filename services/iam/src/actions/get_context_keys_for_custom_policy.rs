//! GetContextKeysForCustomPolicy: which condition keys policies ask about, in conditions and as variables; what a simulation of them
//! needs as context.
//!
//! Needs `iam:GetContextKeysForCustomPolicy`. Source: IAM API Reference, GetContextKeysForCustomPolicy.

use crate::simulate::{self, PolicyKind};
use api::{Action, Answer, Cx};
use wire::generated::iam::{
    GetContextKeysForCustomPolicy as Op, GetContextKeysForCustomPolicyInput,
    GetContextKeysForCustomPolicyOutput,
};

pub struct GetContextKeysForCustomPolicy;

impl Action for GetContextKeysForCustomPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetContextKeysForCustomPolicy";

    fn handle(
        _cx: &mut Cx,
        input: GetContextKeysForCustomPolicyInput,
    ) -> Answer<GetContextKeysForCustomPolicyOutput> {
        let policies = simulate::inputs("PolicyInputList", PolicyKind::Identity, &input.policy_input_list)?;
        Ok(GetContextKeysForCustomPolicyOutput { context_key_names: Some(simulate::keys(&policies)) })
    }
}
