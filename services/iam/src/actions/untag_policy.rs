//! UntagPolicy: takes tags from a customer managed policy; keys that it does not have are no error.
//!
//! Needs `iam:UntagPolicy` on the policy; condition keys `aws:TagKeys`, the policy's tags. Source: IAM API Reference, UntagPolicy.

use crate::attachments::managed;
use crate::{tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{UntagPolicy as Op, UntagPolicyInput, UntagPolicyOutput};

pub struct UntagPolicy;

impl Action for UntagPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UntagPolicy";
    const KEYS: &'static [&'static str] = &["aws:TagKeys", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &UntagPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        tagging::check_keys(&input.tag_keys)
    }

    fn touches(cx: &mut Cx, input: &UntagPolicyInput) -> Answer<Vec<Touched>> {
        let policy = touches::policy(cx, &input.policy_arn)?;
        Ok(vec![touches::with_tag_keys(policy, &input.tag_keys)])
    }

    fn handle(cx: &mut Cx, input: UntagPolicyInput) -> Answer<UntagPolicyOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        tagging::remove(&mut policy.tags, &input.tag_keys);
        cx.tx.put(&policy)?;
        Ok(UntagPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial;
    use crate::laws::managed;
    use crate::testing::{Bench, elements};

    #[test]
    fn keys_go_whatever_their_case() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        for key in ["a", "b", "c"] {
            bench.ok(
                "TagPolicy",
                &[("PolicyArn", &arn), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")],
            );
        }
        let form = [
            ("PolicyArn", arn.as_str()),
            ("TagKeys.member.1", "A"),
            ("TagKeys.member.2", "missing"),
            ("TagKeys.member.3", "c"),
        ];
        assert_eq!(bench.ok("UntagPolicy", &form), "");
        assert_eq!(elements(&bench.ok("ListPolicyTags", &[("PolicyArn", &arn)]), "Key"), ["b"]);
        for bad in ["", "aws:x", "k!"] {
            let form = [("PolicyArn", arn.as_str()), ("TagKeys.member.1", bad)];
            assert_eq!(bench.call_as(&bench.root(), "UntagPolicy", &form).0, 400, "{bad}");
        }
    }

    #[test]
    fn policies_may_ask_for_the_keys() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let condition = serde_json::json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["mine"]}, "Null": {"aws:TagKeys": "false"}});
        let ann = trial::ann(&bench, "iam:UntagPolicy", condition);
        trial::denied(&bench, &ann, "UntagPolicy", &[("PolicyArn", &arn), ("TagKeys.member.1", "theirs")]);
        bench.ok_as(&ann, "UntagPolicy", &[("PolicyArn", &arn), ("TagKeys.member.1", "mine")]);
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("UntagPolicy", &[("TagKeys.member.1", "k")]);
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        managed::aws_s_own_are_changed_by_nobody("UntagPolicy", &[("TagKeys.member.1", "k")]);
    }
}
