//! DeleteRolePermissionsBoundary: takes a role's boundary away: from now on its policies alone say what it may. Without a
//! boundary there is nothing to do. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:DeleteRolePermissionsBoundary` on the role; condition keys `iam:PermissionsBoundary` (the boundary that goes), the role's
//! tags. Source: IAM API Reference, DeleteRolePermissionsBoundary.

use crate::{boundary, find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    DeleteRolePermissionsBoundary as Op, DeleteRolePermissionsBoundaryInput,
    DeleteRolePermissionsBoundaryOutput,
};

pub struct DeleteRolePermissionsBoundary;

impl Action for DeleteRolePermissionsBoundary {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteRolePermissionsBoundary";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeleteRolePermissionsBoundaryInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteRolePermissionsBoundaryInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_role(cx, &input.role_name)?])
    }

    fn handle(
        cx: &mut Cx,
        input: DeleteRolePermissionsBoundaryInput,
    ) -> Answer<DeleteRolePermissionsBoundaryOutput> {
        let mut role = find::role_to_change(cx, &input.role_name)?;
        boundary::delete(cx, &mut role.boundary)?;
        cx.tx.put(&role)?;
        Ok(DeleteRolePermissionsBoundaryOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial;
    use crate::laws::{Kind, boundary};

    #[test]
    fn a_boundary_that_is_gone_counts_no_more() {
        boundary::gone_it_counts_no_more(Kind::Role);
    }

    #[test]
    fn policies_may_ask_for_the_boundary_that_goes() {
        boundary::policies_may_ask_for_the_one_that_goes(Kind::Role);
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        bench.refused(
            "DeleteRolePermissionsBoundary",
            &[("RoleName", "linked")],
            "UnmodifiableEntity",
            trial::PROTECTED,
        );
    }
}
