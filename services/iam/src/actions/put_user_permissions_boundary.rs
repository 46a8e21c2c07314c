//! PutUserPermissionsBoundary: bounds a user by a managed policy, in place of an earlier boundary. The policy counts its uses.
//!
//! Needs `iam:PutUserPermissionsBoundary` on the user; condition keys `iam:PermissionsBoundary` (the new boundary), the user's tags.
//! Source: IAM API Reference, PutUserPermissionsBoundary.

use crate::attachments::managed;
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
        let arn = input.permissions_boundary;
        if managed::find_some(cx, &arn)?.is_none() {
            return Err(find::no_such_policy(&arn).into());
        }
        boundary::change(cx, user.boundary.as_deref(), Some(&arn))?;
        user.boundary = Some(arn);
        cx.tx.put(&user)?;
        Ok(PutUserPermissionsBoundaryOutput {})
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
                bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", arn)]),
                ""
            );
            assert_eq!([uses(&first), uses(&second), uses(ADMIN)], counts, "{arn}");
            let details = bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", "User")]);
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
        let put = |name, arn| [("UserName", name), ("PermissionsBoundary", arn)];
        bench.refused(
            "PutUserPermissionsBoundary",
            &put("nobody", ADMIN),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        for arn in [
            "arn:aws:iam::aws:policy/Nothing",
            "arn:aws:iam::111122223333:policy/p",
            "arn:aws:iam::444455556666:policy/p",
        ] {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            bench.refused("PutUserPermissionsBoundary", &put("bob", arn), "NoSuchEntity", &message);
        }
        for arn in ["AdministratorAccess", "arn:aws:iam::111122223333:user/bob"] {
            let (status, body) = bench.call_as(&bench.root(), "PutUserPermissionsBoundary", &put("bob", arn));
            assert_eq!((status, element(&body, "Code").as_str()), (400, "ValidationError"), "{arn}");
        }
    }

    #[test]
    fn policies_may_ask_for_the_new_boundary() {
        let bench = trial::bench();
        let (good, bad) = (trial::policy(&bench, "good"), trial::policy(&bench, "bad"));
        let ann = trial::ann(
            &bench,
            "iam:PutUserPermissionsBoundary",
            json!({"StringEquals": {"iam:PermissionsBoundary": good}}),
        );
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &good)]);
        trial::denied(
            &bench,
            &ann,
            "PutUserPermissionsBoundary",
            &[("UserName", "bob"), ("PermissionsBoundary", &bad)],
        );
        bench.ok_as(
            &ann,
            "PutUserPermissionsBoundary",
            &[("UserName", "bob"), ("PermissionsBoundary", &good)],
        );
    }
}
