//! DeleteLoginProfile: takes a user's password for the console away; this server has no passwords, so there is none to be found.
//!
//! Source: IAM API Reference, DeleteLoginProfile.

use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteLoginProfile as Op, DeleteLoginProfileInput, DeleteLoginProfileOutput};

pub struct DeleteLoginProfile;

impl Action for DeleteLoginProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteLoginProfile";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &DeleteLoginProfileInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())
    }

    fn touches(cx: &mut Cx, input: &DeleteLoginProfileInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: DeleteLoginProfileInput) -> Answer<DeleteLoginProfileOutput> {
        Err(find::no_login_profile(cx, input.user_name.as_deref())?.into())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn nobody_has_a_password() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        let message = "Login Profile for User alice cannot be found.";
        bench.refused("DeleteLoginProfile", &[("UserName", "alice")], "NoSuchEntity", message);
        let message = "The user with name bob cannot be found.";
        bench.refused("DeleteLoginProfile", &[("UserName", "bob")], "NoSuchEntity", message);
    }
}
