//! AttachUserPolicy: hangs a managed policy, the account's own or one of AWS's, on a user; at most 10. Attaching
//! again changes nothing.
//!
//! Needs `iam:AttachUserPolicy` on the user; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, AttachUserPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AttachUserPolicy as Op, AttachUserPolicyInput, AttachUserPolicyOutput};

pub struct AttachUserPolicy;

impl Action for AttachUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AttachUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &AttachUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &AttachUserPolicyInput) -> Answer<Vec<Touched>> {
        let user = touches::bounded_user(cx, &input.user_name)?;
        Ok(vec![touches::with_policy_arn(user, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: AttachUserPolicyInput) -> Answer<AttachUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        attached::attach(cx, user, &input.policy_arn)?;
        Ok(AttachUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::testing::element;
    use serde_json::json;

    #[test]
    fn a_policy_is_attached_once_and_counted() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        for arn in [&arn, &arn, ADMIN] {
            assert_eq!(bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]), "");
        }
        let listed = bench.ok("ListAttachedUserPolicies", &[("UserName", "bob")]);
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
        let form = |name, arn| [("UserName", name), ("PolicyArn", arn)];
        bench.refused(
            "AttachUserPolicy",
            &form("nobody", ADMIN),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        for arn in [
            "arn:aws:iam::111122223333:policy/nothing",
            "arn:aws:iam::aws:policy/Nothing",
            "arn:aws:iam::aws:policy/ViewOnlyAccess",
            "arn:aws:iam::444455556666:policy/x",
        ] {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            bench.refused("AttachUserPolicy", &form("bob", arn), "NoSuchEntity", &message);
        }
        let theirs = trial::policy(&bench, "p").replace(":policy/p", ":policy/x/p");
        let message = format!("Policy {theirs} does not exist or is not attachable.");
        bench.refused("AttachUserPolicy", &form("bob", &theirs), "NoSuchEntity", &message);
        for arn in [
            "AdministratorAccess-policy",
            "arn:aws:iam::111122223333:user/bob",
            "arn:aws:kms::aws:policy/Administrator",
        ] {
            bench.refused(
                "AttachUserPolicy",
                &form("bob", arn),
                "InvalidInput",
                &format!("ARN {arn} is not valid."),
            );
        }
        let short = "1 validation error detected: Value 'AdministratorAccess' at 'policyArn' failed to satisfy constraint: Member \
                     must have length greater than or equal to 20";
        bench.refused("AttachUserPolicy", &form("bob", "AdministratorAccess"), "ValidationError", short);
    }

    #[test]
    fn ten_are_the_most() {
        let bench = trial::bench();
        let arns: Vec<String> = (0..11).map(|i| trial::policy(&bench, &format!("p{i}"))).collect();
        for arn in &arns[..10] {
            bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]);
        }
        let message = "Cannot exceed quota for PoliciesPerUser: 10";
        bench.refused(
            "AttachUserPolicy",
            &[("UserName", "bob"), ("PolicyArn", &arns[10])],
            "LimitExceeded",
            message,
        );
        let count = element(&bench.ok("GetPolicy", &[("PolicyArn", &arns[10])]), "AttachmentCount");
        assert_eq!(count, "0");
        // What is attached already is no eleventh.
        bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", &arns[3])]);
    }

    #[test]
    fn policies_may_ask_for_the_policy_and_for_the_boundary() {
        let bench = trial::bench();
        let (mine, bound) = (trial::policy(&bench, "mine"), trial::policy(&bench, "bound"));
        let condition = json!({"ArnEquals": {"iam:PolicyARN": mine, "iam:PermissionsBoundary": bound}});
        let ann = trial::ann(&bench, "iam:AttachUserPolicy", condition);
        let attach = |arn| [("UserName", "bob"), ("PolicyArn", arn)];
        trial::denied(&bench, &ann, "AttachUserPolicy", &attach(&mine));
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &bound)]);
        trial::denied(&bench, &ann, "AttachUserPolicy", &attach(ADMIN));
        bench.ok_as(&ann, "AttachUserPolicy", &attach(&mine));
    }
}
