//! PutRolePermissionsBoundary: bounds a role by a managed policy, in place of an earlier boundary. The policy counts its uses. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:PutRolePermissionsBoundary` on the role; condition keys `iam:PermissionsBoundary` (the new boundary), the role's tags.
//! Source: IAM API Reference, PutRolePermissionsBoundary.

use crate::attachments::managed;
use crate::{boundary, find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    PutRolePermissionsBoundary as Op, PutRolePermissionsBoundaryInput, PutRolePermissionsBoundaryOutput,
};

pub struct PutRolePermissionsBoundary;

impl Action for PutRolePermissionsBoundary {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutRolePermissionsBoundary";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &PutRolePermissionsBoundaryInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        boundary::check(Some(&input.permissions_boundary))
    }

    fn touches(cx: &mut Cx, input: &PutRolePermissionsBoundaryInput) -> Answer<Vec<Touched>> {
        let role = touches::role(cx, &input.role_name)?;
        Ok(vec![touches::with_boundary(role, Some(&input.permissions_boundary))])
    }

    fn handle(
        cx: &mut Cx,
        input: PutRolePermissionsBoundaryInput,
    ) -> Answer<PutRolePermissionsBoundaryOutput> {
        let mut role = find::role_to_change(cx, &input.role_name)?;
        let arn = input.permissions_boundary;
        if managed::find_some(cx, &arn)?.is_none() {
            return Err(find::no_such_policy(&arn).into());
        }
        boundary::change(cx, role.boundary.as_deref(), Some(&arn))?;
        role.boundary = Some(arn);
        cx.tx.put(&role)?;
        Ok(PutRolePermissionsBoundaryOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::testing::element;
    use serde_json::json;

    #[test]
    fn a_boundary_is_shown_and_counted() {
        let bench = trial::bench();
        let (first, second) = (trial::policy(&bench, "first"), trial::policy(&bench, "second"));
        let uses = |arn: &str| {
            element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "PermissionsBoundaryUsageCount")
        };
        for (arn, counts) in [
            (first.as_str(), ["1", "0", "0"]),
            (&first, ["1", "0", "0"]),
            (&second, ["0", "1", "0"]),
            (ADMIN, ["0", "0", "1"]),
        ] {
            assert_eq!(
                bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", arn)]),
                ""
            );
            assert_eq!([uses(&first), uses(&second), uses(ADMIN)], counts, "{arn}");
            let details = bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")]);
            assert_eq!(
                element(&details, "PermissionsBoundary"),
                format!(
                    "<PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn>"
                )
            );
        }
    }

    #[test]
    fn what_is_no_policy_bounds_nobody() {
        let bench = trial::bench();
        let put = |name, arn| [("RoleName", name), ("PermissionsBoundary", arn)];
        bench.refused(
            "PutRolePermissionsBoundary",
            &put("nobody", ADMIN),
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
        for arn in [
            "arn:aws:iam::aws:policy/Nothing",
            "arn:aws:iam::111122223333:policy/p",
            "arn:aws:iam::444455556666:policy/p",
        ] {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            bench.refused("PutRolePermissionsBoundary", &put("bob", arn), "NoSuchEntity", &message);
        }
        for arn in ["AdministratorAccess", "arn:aws:iam::111122223333:user/bob"] {
            let (status, body) = bench.call_as(&bench.root(), "PutRolePermissionsBoundary", &put("bob", arn));
            assert_eq!((status, element(&body, "Code").as_str()), (400, "ValidationError"), "{arn}");
        }
    }

    #[test]
    fn policies_may_ask_for_the_new_boundary() {
        let bench = trial::bench();
        let (good, bad) = (trial::policy(&bench, "good"), trial::policy(&bench, "bad"));
        let ann = trial::ann(
            &bench,
            "iam:PutRolePermissionsBoundary",
            json!({"StringEquals": {"iam:PermissionsBoundary": good}}),
        );
        bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", &good)]);
        trial::denied(
            &bench,
            &ann,
            "PutRolePermissionsBoundary",
            &[("RoleName", "bob"), ("PermissionsBoundary", &bad)],
        );
        bench.ok_as(
            &ann,
            "PutRolePermissionsBoundary",
            &[("RoleName", "bob"), ("PermissionsBoundary", &good)],
        );
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        bench.refused(
            "PutRolePermissionsBoundary",
            &[("RoleName", "linked"), ("PermissionsBoundary", ADMIN)],
            "UnmodifiableEntity",
            trial::PROTECTED,
        );
    }
}
