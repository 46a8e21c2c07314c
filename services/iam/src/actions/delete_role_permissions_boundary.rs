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
        boundary::change(cx, role.boundary.as_deref(), None)?;
        role.boundary = None;
        cx.tx.put(&role)?;
        Ok(DeleteRolePermissionsBoundaryOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial;
    use crate::testing::element;
    use serde_json::json;

    #[test]
    fn a_boundary_that_is_gone_counts_no_more() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", &arn)]);
        // The second time there is nothing to do.
        for _ in 0..2 {
            assert_eq!(bench.ok("DeleteRolePermissionsBoundary", &[("RoleName", "bob")]), "");
            let shown = bench.ok("GetPolicy", &[("PolicyArn", &arn)]);
            assert_eq!(element(&shown, "PermissionsBoundaryUsageCount"), "0");
        }
        let details = bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")]);
        assert!(!details.contains("PermissionsBoundary"), "{details}");
        bench.refused(
            "DeleteRolePermissionsBoundary",
            &[("RoleName", "nobody")],
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
    }

    #[test]
    fn policies_may_ask_for_the_boundary_that_goes() {
        let bench = trial::bench();
        let (keep, go) = (trial::policy(&bench, "keep"), trial::policy(&bench, "go"));
        let ann = trial::ann(
            &bench,
            "iam:DeleteRolePermissionsBoundary",
            json!({"StringEquals": {"iam:PermissionsBoundary": go}}),
        );
        trial::denied(&bench, &ann, "DeleteRolePermissionsBoundary", &[("RoleName", "bob")]);
        bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", &keep)]);
        trial::denied(&bench, &ann, "DeleteRolePermissionsBoundary", &[("RoleName", "bob")]);
        bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", &go)]);
        bench.ok_as(&ann, "DeleteRolePermissionsBoundary", &[("RoleName", "bob")]);
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
