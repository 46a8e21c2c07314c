//! PutRolePermissionsBoundary: bounds a role by a managed policy, in place of an earlier boundary. The policy counts its uses. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:PutRolePermissionsBoundary` on the role; condition keys `iam:PermissionsBoundary` (the new boundary), the role's tags.
//! Source: IAM API Reference, PutRolePermissionsBoundary.

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
        boundary::put(cx, &mut role.boundary, input.permissions_boundary)?;
        cx.tx.put(&role)?;
        Ok(PutRolePermissionsBoundaryOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::laws::{Kind, boundary};

    #[test]
    fn a_boundary_is_shown_and_counted() {
        boundary::shown_and_counted(Kind::Role);
    }

    #[test]
    fn what_is_no_policy_bounds_nobody() {
        boundary::what_is_no_policy_bounds_nobody(Kind::Role);
    }

    #[test]
    fn policies_may_ask_for_the_new_boundary() {
        boundary::policies_may_ask_for_the_new_one(Kind::Role);
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
