//! AttachRolePolicy: hangs a managed policy, the account's own or one of AWS's, on a role; at most 10. Attaching
//! again changes nothing. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:AttachRolePolicy` on the role; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the role has), the role's tags.
//! Source: IAM API Reference, AttachRolePolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AttachRolePolicy as Op, AttachRolePolicyInput, AttachRolePolicyOutput};

pub struct AttachRolePolicy;

impl Action for AttachRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AttachRolePolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &AttachRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &AttachRolePolicyInput) -> Answer<Vec<Touched>> {
        let role = touches::bounded_role(cx, &input.role_name)?;
        Ok(vec![touches::with_policy_arn(role, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: AttachRolePolicyInput) -> Answer<AttachRolePolicyOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        attached::attach(cx, role, &input.policy_arn)?;
        Ok(AttachRolePolicyOutput {})
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
            assert_eq!(bench.ok("AttachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", arn)]), "");
        }
        let listed = bench.ok("ListAttachedRolePolicies", &[("RoleName", "bob")]);
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
        let form = |name, arn| [("RoleName", name), ("PolicyArn", arn)];
        bench.refused(
            "AttachRolePolicy",
            &form("nobody", ADMIN),
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
        for arn in [
            "arn:aws:iam::111122223333:policy/nothing",
            "arn:aws:iam::aws:policy/Nothing",
            "arn:aws:iam::aws:policy/ViewOnlyAccess",
            "arn:aws:iam::444455556666:policy/x",
        ] {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            bench.refused("AttachRolePolicy", &form("bob", arn), "NoSuchEntity", &message);
        }
        let theirs = trial::policy(&bench, "p").replace(":policy/p", ":policy/x/p");
        let message = format!("Policy {theirs} does not exist or is not attachable.");
        bench.refused("AttachRolePolicy", &form("bob", &theirs), "NoSuchEntity", &message);
        for arn in [
            "AdministratorAccess-policy",
            "arn:aws:iam::111122223333:user/bob",
            "arn:aws:kms::aws:policy/Administrator",
        ] {
            bench.refused(
                "AttachRolePolicy",
                &form("bob", arn),
                "InvalidInput",
                &format!("ARN {arn} is not valid."),
            );
        }
        let short = "1 validation error detected: Value 'AdministratorAccess' at 'policyArn' failed to satisfy constraint: Member \
                     must have length greater than or equal to 20";
        bench.refused("AttachRolePolicy", &form("bob", "AdministratorAccess"), "ValidationError", short);
    }

    #[test]
    fn ten_are_the_most() {
        let bench = trial::bench();
        let arns: Vec<String> = (0..11).map(|i| trial::policy(&bench, &format!("p{i}"))).collect();
        for arn in &arns[..10] {
            bench.ok("AttachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", arn)]);
        }
        let message = "Cannot exceed quota for PoliciesPerRole: 10";
        bench.refused(
            "AttachRolePolicy",
            &[("RoleName", "bob"), ("PolicyArn", &arns[10])],
            "LimitExceeded",
            message,
        );
        let count = element(&bench.ok("GetPolicy", &[("PolicyArn", &arns[10])]), "AttachmentCount");
        assert_eq!(count, "0");
        // What is attached already is no eleventh.
        bench.ok("AttachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", &arns[3])]);
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyArn", ADMIN)];
        bench.refused("AttachRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }

    #[test]
    fn policies_may_ask_for_the_policy_and_for_the_boundary() {
        let bench = trial::bench();
        let (mine, bound) = (trial::policy(&bench, "mine"), trial::policy(&bench, "bound"));
        let condition = json!({"ArnEquals": {"iam:PolicyARN": mine, "iam:PermissionsBoundary": bound}});
        let ann = trial::ann(&bench, "iam:AttachRolePolicy", condition);
        let attach = |arn| [("RoleName", "bob"), ("PolicyArn", arn)];
        trial::denied(&bench, &ann, "AttachRolePolicy", &attach(&mine));
        bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", &bound)]);
        trial::denied(&bench, &ann, "AttachRolePolicy", &attach(ADMIN));
        bench.ok_as(&ann, "AttachRolePolicy", &attach(&mine));
    }
}
