//! GetPolicy: a managed policy, the account's own or one of AWS's, without its document.
//!
//! Needs `iam:GetPolicy` on the policy. Source: IAM API Reference, GetPolicy.

use crate::attachments::{managed, shapes};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetPolicy as Op, GetPolicyInput, GetPolicyOutput};

pub struct GetPolicy;

impl Action for GetPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &GetPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: GetPolicyInput) -> Answer<GetPolicyOutput> {
        let policy = managed::find(cx, &input.policy_arn)?;
        let usage = managed::usage(cx, &policy)?;
        Ok(GetPolicyOutput { policy: Some(shapes::policy(&policy, usage)) })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT, VIEW};
    use crate::laws::managed;
    use crate::testing::{Bench, element};

    #[test]
    fn a_policy_is_shown_whole() {
        let bench = Bench::new();
        bench.ok("CreatePolicy", &[("PolicyName", "p"), ("Description", "d"), ("PolicyDocument", DOCUMENT)]);
        let answer = bench.ok("GetPolicy", &[("PolicyArn", &trial::policy_arn("p"))]);
        let (id, created) = (element(&answer, "PolicyId"), element(&answer, "CreateDate"));
        assert_eq!(
            answer,
            format!(
                "<Policy><PolicyName>p</PolicyName><PolicyId>{id}</PolicyId><Arn>arn:aws:iam::111122223333:policy/p</Arn>\
                 <Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>\
                 <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
                 <Description>d</Description><CreateDate>{created}</CreateDate><UpdateDate>{created}</UpdateDate><Tags></Tags>\
                 </Policy>"
            )
        );
    }

    #[test]
    fn aws_s_own_are_there_in_every_account() {
        let bench = Bench::new();
        let answer = bench.ok("GetPolicy", &[("PolicyArn", VIEW)]);
        assert_eq!(element(&answer, "Path"), "/job-function/");
        assert!(element(&answer, "CreateDate").starts_with("2016-11-10T17:20:15"));
        assert_eq!(element(&answer, "DefaultVersionId"), "v1");
        assert!(element(&answer, "PolicyId").starts_with("ANPA"));
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("GetPolicy", &[]);
    }

    #[test]
    fn policies_may_ask_for_its_tags() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let condition = serde_json::json!({"StringEquals": {"aws:ResourceTag/team": "x"}});
        let ann = trial::ann(&bench, "iam:GetPolicy", condition);
        trial::denied(&bench, &ann, "GetPolicy", &[("PolicyArn", &arn)]);
        bench.ok(
            "TagPolicy",
            &[("PolicyArn", &arn), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "x")],
        );
        bench.ok_as(&ann, "GetPolicy", &[("PolicyArn", &arn)]);
    }
}
