//! TagPolicy: adds tags to a customer managed policy, or changes their values; 50 at most.
//!
//! Needs `iam:TagPolicy` on the policy; condition keys `aws:RequestTag/…`, `aws:TagKeys`, the policy's tags. Source: IAM API
//! Reference, TagPolicy.

use crate::attachments::managed;
use crate::{tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{TagPolicy as Op, TagPolicyInput, TagPolicyOutput};

pub struct TagPolicy;

impl Action for TagPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:TagPolicy";
    const KEYS: &'static [&'static str] =
        &["aws:RequestTag/", "aws:TagKeys", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &TagPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        tagging::check(Some(&input.tags))
    }

    fn touches(cx: &mut Cx, input: &TagPolicyInput) -> Answer<Vec<Touched>> {
        let policy = touches::policy(cx, &input.policy_arn)?;
        Ok(vec![touches::with_request_tags(policy, Some(&input.tags))])
    }

    fn handle(cx: &mut Cx, input: TagPolicyInput) -> Answer<TagPolicyOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        tagging::add(&mut policy.tags, &input.tags)?;
        cx.tx.put(&policy)?;
        Ok(TagPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial;
    use crate::laws::managed;
    use crate::testing::{Bench, element};

    fn tag<'a>(arn: &'a str, key: &'a str, value: &'a str) -> [(&'a str, &'a str); 3] {
        [("PolicyArn", arn), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]
    }

    #[test]
    fn tags_are_added_and_changed() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        for (key, value) in [("b", "1"), ("a", "2"), ("B", "3")] {
            assert_eq!(bench.ok("TagPolicy", &tag(&arn, key, value)), "");
        }
        let shown = bench.ok("GetPolicy", &[("PolicyArn", &arn)]);
        assert_eq!(
            element(&shown, "Tags"),
            "<member><Key>B</Key><Value>3</Value></member><member><Key>a</Key><Value>2</Value></member>"
        );
    }

    #[test]
    fn bad_tags_and_too_many_are_refused() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        for (key, code) in [("", "ValidationError"), ("aws:x", "InvalidInput"), ("k!", "ValidationError")] {
            let (status, body) = bench.call_as(&bench.root(), "TagPolicy", &tag(&arn, key, "v"));
            assert_eq!((status, element(&body, "Code").as_str()), (400, code), "{key}");
        }
        for i in 0..50 {
            bench.ok("TagPolicy", &tag(&arn, &i.to_string(), "v"));
        }
        bench.ok("TagPolicy", &tag(&arn, "7", "changed"));
        let (status, body) = bench.call_as(&bench.root(), "TagPolicy", &tag(&arn, "more", "v"));
        assert_eq!((status, element(&body, "Code").as_str()), (409, "LimitExceeded"));
    }

    #[test]
    fn policies_may_ask_for_old_and_new_tags() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let condition = serde_json::json!({
            "StringEquals": {"aws:RequestTag/team": "x", "aws:ResourceTag/owner": "ann"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
        });
        let ann = trial::ann(&bench, "iam:TagPolicy", condition);
        trial::denied(&bench, &ann, "TagPolicy", &tag(&arn, "team", "x"));
        bench.ok("TagPolicy", &tag(&arn, "owner", "ann"));
        trial::denied(&bench, &ann, "TagPolicy", &tag(&arn, "team", "y"));
        trial::denied(&bench, &ann, "TagPolicy", &tag(&arn, "other", "x"));
        bench.ok_as(&ann, "TagPolicy", &tag(&arn, "team", "x"));
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found(
            "TagPolicy",
            &[("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")],
        );
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        managed::aws_s_own_are_changed_by_nobody(
            "TagPolicy",
            &[("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")],
        );
    }
}
