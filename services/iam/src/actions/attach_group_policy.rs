//! AttachGroupPolicy: hangs a managed policy, the account's own or one of AWS's, on a group; at most 10. Attaching
//! again changes nothing.
//!
//! Needs `iam:AttachGroupPolicy` on the group; condition keys `iam:PolicyARN`.
//! Source: IAM API Reference, AttachGroupPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AttachGroupPolicy as Op, AttachGroupPolicyInput, AttachGroupPolicyOutput};

pub struct AttachGroupPolicy;

impl Action for AttachGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AttachGroupPolicy";
    const KEYS: &'static [&'static str] = &["iam:PolicyARN"];

    fn check(input: &AttachGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &AttachGroupPolicyInput) -> Answer<Vec<Touched>> {
        let group = touches::group(cx, &input.group_name)?;
        Ok(vec![touches::with_policy_arn(group, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: AttachGroupPolicyInput) -> Answer<AttachGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        attached::attach(cx, group, &input.policy_arn)?;
        Ok(AttachGroupPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::testing::element;

    #[test]
    fn a_policy_is_attached_once_and_counted() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        for arn in [&arn, &arn, ADMIN] {
            assert_eq!(bench.ok("AttachGroupPolicy", &[("GroupName", "bob"), ("PolicyArn", arn)]), "");
        }
        let listed = bench.ok("ListAttachedGroupPolicies", &[("GroupName", "bob")]);
        assert_eq!(
            listed,
            format!(
                "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>{arn}</PolicyArn></member><member>\
                 <PolicyName>AdministratorAccess</PolicyName><PolicyArn>{ADMIN}</PolicyArn></member></AttachedPolicies>\
                 <IsTruncated>false</IsTruncated>"
            )
        );
        for arn in [arn.as_str(), ADMIN] {
            assert_eq!(
                element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "AttachmentCount"),
                "1",
                "{arn}"
            );
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_attached() {
        let bench = trial::bench();
        let form = |name, arn| [("GroupName", name), ("PolicyArn", arn)];
        bench.refused(
            "AttachGroupPolicy",
            &form("nobody", ADMIN),
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        for arn in [
            "arn:aws:iam::111122223333:policy/nothing",
            "arn:aws:iam::aws:policy/Nothing",
            "arn:aws:iam::aws:policy/ViewOnlyAccess",
            "arn:aws:iam::444455556666:policy/x",
        ] {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            bench.refused("AttachGroupPolicy", &form("bob", arn), "NoSuchEntity", &message);
        }
        let theirs = trial::policy(&bench, "p").replace(":policy/p", ":policy/x/p");
        let message = format!("Policy {theirs} does not exist or is not attachable.");
        bench.refused("AttachGroupPolicy", &form("bob", &theirs), "NoSuchEntity", &message);
        for arn in [
            "AdministratorAccess-policy",
            "arn:aws:iam::111122223333:user/bob",
            "arn:aws:kms::aws:policy/Administrator",
        ] {
            bench.refused(
                "AttachGroupPolicy",
                &form("bob", arn),
                "InvalidInput",
                &format!("ARN {arn} is not valid."),
            );
        }
        let short = "1 validation error detected: Value 'AdministratorAccess' at 'policyArn' failed to satisfy constraint: Member \
                     must have length greater than or equal to 20";
        bench.refused("AttachGroupPolicy", &form("bob", "AdministratorAccess"), "ValidationError", short);
    }

    #[test]
    fn ten_are_the_most() {
        let bench = trial::bench();
        let arns: Vec<String> = (0..11).map(|i| trial::policy(&bench, &format!("p{i}"))).collect();
        for arn in &arns[..10] {
            bench.ok("AttachGroupPolicy", &[("GroupName", "bob"), ("PolicyArn", arn)]);
        }
        let message = "Cannot exceed quota for PoliciesPerGroup: 10";
        bench.refused(
            "AttachGroupPolicy",
            &[("GroupName", "bob"), ("PolicyArn", &arns[10])],
            "LimitExceeded",
            message,
        );
        let count = element(&bench.ok("GetPolicy", &[("PolicyArn", &arns[10])]), "AttachmentCount");
        assert_eq!(count, "0");
        // What is attached already is no eleventh.
        bench.ok("AttachGroupPolicy", &[("GroupName", "bob"), ("PolicyArn", &arns[3])]);
    }
}
