//! PutUserPermissionsBoundary: bounds a user by a managed policy, in place of an earlier boundary. The policy counts its uses.
//!
//! Needs `iam:PutUserPermissionsBoundary` on the user; condition keys `iam:PermissionsBoundary` (the new boundary), the user's tags.
//! Source: IAM API Reference, PutUserPermissionsBoundary.

use crate::{boundary, find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    PutUserPermissionsBoundary as Op, PutUserPermissionsBoundaryInput, PutUserPermissionsBoundaryOutput,
};

pub struct PutUserPermissionsBoundary;

impl Action for PutUserPermissionsBoundary {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutUserPermissionsBoundary";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &PutUserPermissionsBoundaryInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        boundary::check(Some(&input.permissions_boundary))
    }

    fn touches(cx: &mut Cx, input: &PutUserPermissionsBoundaryInput) -> Answer<Vec<Touched>> {
        let user = touches::user(cx, &input.user_name)?;
        Ok(vec![touches::with_boundary(user, Some(&input.permissions_boundary))])
    }

    fn handle(
        cx: &mut Cx,
        input: PutUserPermissionsBoundaryInput,
    ) -> Answer<PutUserPermissionsBoundaryOutput> {
        let mut user = find::user(cx, &input.user_name)?;
        boundary::put(cx, &mut user.boundary, input.permissions_boundary)?;
        cx.tx.put(&user)?;
        Ok(PutUserPermissionsBoundaryOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, boundary};

    #[test]
    fn a_boundary_is_shown_and_counted() {
        boundary::shown_and_counted(Kind::User);
    }

    #[test]
    fn what_is_no_policy_bounds_nobody() {
        boundary::what_is_no_policy_bounds_nobody(Kind::User);
    }

    #[test]
    fn policies_may_ask_for_the_new_boundary() {
        boundary::policies_may_ask_for_the_new_one(Kind::User);
    }
}
