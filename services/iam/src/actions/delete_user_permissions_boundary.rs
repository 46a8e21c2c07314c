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
        boundary::delete(cx, &mut user.boundary)?;
        cx.tx.put(&user)?;
        Ok(DeleteUserPermissionsBoundaryOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, boundary};

    #[test]
    fn a_boundary_that_is_gone_counts_no_more() {
        boundary::gone_it_counts_no_more(Kind::User);
    }

    #[test]
    fn policies_may_ask_for_the_boundary_that_goes() {
        boundary::policies_may_ask_for_the_one_that_goes(Kind::User);
    }
}
