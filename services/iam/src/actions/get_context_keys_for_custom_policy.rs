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

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn keys_of_conditions_and_variables_are_told_once() {
        let bench = Bench::new();
        // AWS CLI reference, get-context-keys-for-custom-policy.
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}"#;
        let other = policy.replace("aws:CurrentTime", "AWS:currenttime");
        let form = [("PolicyInputList.member.1", policy), ("PolicyInputList.member.2", &other)];
        assert_eq!(
            bench.ok("GetContextKeysForCustomPolicy", &form),
            "<ContextKeyNames><member>aws:CurrentTime</member><member>aws:username</member></ContextKeyNames>"
        );
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let bench = Bench::new();
        for policy in ["x", "{}", r#"{"Version":"2012-10-17","Statement":[]}"#] {
            let form = [("PolicyInputList.member.1", policy)];
            let (status, body) = bench.call_as(&bench.root(), "GetContextKeysForCustomPolicy", &form);
            assert_eq!((status, element(&body, "Code").as_str()), (400, "InvalidInput"), "{policy}");
            let told = bench.last_record("GetContextKeysForCustomPolicy").reason.unwrap_or_default();
            assert!(told.starts_with("PolicyInputList.1 is no policy: "), "{told}");
        }
        assert_eq!(bench.call_as(&bench.root(), "GetContextKeysForCustomPolicy", &[]).0, 400);
    }
}
