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

#[cfg(test)]
mod tests {
    use crate::attachments::trial;
    use crate::testing::elements;

    const ACTION: &str = "GetContextKeysForPrincipalPolicy";
    const USER: &str = "arn:aws:iam::111122223333:user/x/bob";

    /// A policy that asks about one key.
    fn about(key: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"{key}":"x"}}}}}}}}"#
        )
    }

    #[test]
    fn everything_that_decides_for_a_user_is_looked_into() {
        let bench = trial::bench();
        bench.ok("AddUserToGroup", &[("GroupName", "bob"), ("UserName", "bob")]);
        let put = |policy: &str| about(policy);
        bench.ok(
            "PutUserPolicy",
            &[("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", &put("aws:a"))],
        );
        bench.ok(
            "PutGroupPolicy",
            &[("GroupName", "bob"), ("PolicyName", "p"), ("PolicyDocument", &put("aws:b"))],
        );
        bench.ok("CreatePolicy", &[("PolicyName", "c"), ("PolicyDocument", &put("aws:c"))]);
        bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", &trial::policy_arn("c"))]);
        bench.ok("CreatePolicy", &[("PolicyName", "d"), ("PolicyDocument", &put("aws:d"))]);
        let bound = [("UserName", "bob"), ("PermissionsBoundary", &trial::policy_arn("d"))];
        bench.ok("PutUserPermissionsBoundary", &bound);
        let added = put("aws:e");
        let form = [("PolicySourceArn", USER), ("PolicyInputList.member.1", &added)];
        let mut keys = elements(&bench.ok(ACTION, &form), "member");
        keys.sort();
        assert_eq!(keys, ["aws:a", "aws:b", "aws:c", "aws:d", "aws:e"]);
        let group = bench.ok(ACTION, &[("PolicySourceArn", "arn:aws:iam::111122223333:group/x/bob")]);
        assert_eq!(group, "<ContextKeyNames><member>aws:b</member></ContextKeyNames>");
        let role = bench.ok(ACTION, &[("PolicySourceArn", "arn:aws:iam::111122223333:role/x/bob")]);
        assert_eq!(role, "<ContextKeyNames></ContextKeyNames>");
    }

    #[test]
    fn who_is_not_there_is_not_found() {
        let bench = trial::bench();
        let form = [("PolicySourceArn", "arn:aws:iam::111122223333:user/nobody")];
        bench.refused(ACTION, &form, "NoSuchEntity", "The user with name nobody cannot be found.");
        let form = [("PolicySourceArn", USER), ("PolicyInputList.member.1", "x")];
        assert_eq!(bench.call_as(&bench.root(), ACTION, &form).0, 400);
        let short = "1 validation error detected: Value 'bob' at 'policySourceArn' failed to satisfy constraint: Member must have \
                     length greater than or equal to 20";
        bench.refused(ACTION, &[("PolicySourceArn", "bob")], "ValidationError", short);
        trial::denied(&bench, &bench.user("bob"), ACTION, &[("PolicySourceArn", USER)]);
    }
}
