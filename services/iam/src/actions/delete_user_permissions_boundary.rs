//! DeleteUserPermissionsBoundary: takes a user's boundary away: from now on its policies alone say what it may. Without a
//! boundary there is nothing to do.
//!
//! Needs `iam:DeleteUserPermissionsBoundary` on the user; condition keys `iam:PermissionsBoundary` (the boundary that goes), the user's
//! tags. Source: IAM API Reference, DeleteUserPermissionsBoundary.

use crate::{boundary, find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    DeleteUserPermissionsBoundary as Op, DeleteUserPermissionsBoundaryInput,
    DeleteUserPermissionsBoundaryOutput,
};

pub struct DeleteUserPermissionsBoundary;

impl Action for DeleteUserPermissionsBoundary {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteUserPermissionsBoundary";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeleteUserPermissionsBoundaryInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteUserPermissionsBoundaryInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_user(cx, &input.user_name)?])
    }

    fn handle(
        cx: &mut Cx,
        input: DeleteUserPermissionsBoundaryInput,
    ) -> Answer<DeleteUserPermissionsBoundaryOutput> {
        let mut user = find::user(cx, &input.user_name)?;
        boundary::change(cx, user.boundary.as_deref(), None)?;
        user.boundary = None;
        cx.tx.put(&user)?;
        Ok(DeleteUserPermissionsBoundaryOutput {})
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
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &arn)]);
        // The second time there is nothing to do.
        for _ in 0..2 {
            assert_eq!(bench.ok("DeleteUserPermissionsBoundary", &[("UserName", "bob")]), "");
            let shown = bench.ok("GetPolicy", &[("PolicyArn", &arn)]);
            assert_eq!(element(&shown, "PermissionsBoundaryUsageCount"), "0");
        }
        let details = bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", "User")]);
        assert!(!details.contains("PermissionsBoundary"), "{details}");
        bench.refused(
            "DeleteUserPermissionsBoundary",
            &[("UserName", "nobody")],
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
    }

    #[test]
    fn policies_may_ask_for_the_boundary_that_goes() {
        let bench = trial::bench();
        let (keep, go) = (trial::policy(&bench, "keep"), trial::policy(&bench, "go"));
        let ann = trial::ann(
            &bench,
            "iam:DeleteUserPermissionsBoundary",
            json!({"StringEquals": {"iam:PermissionsBoundary": go}}),
        );
        trial::denied(&bench, &ann, "DeleteUserPermissionsBoundary", &[("UserName", "bob")]);
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &keep)]);
        trial::denied(&bench, &ann, "DeleteUserPermissionsBoundary", &[("UserName", "bob")]);
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &go)]);
        bench.ok_as(&ann, "DeleteUserPermissionsBoundary", &[("UserName", "bob")]);
    }
}
