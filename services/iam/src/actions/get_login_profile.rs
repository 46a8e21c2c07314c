//! GetLoginProfile: a user's password for the console; this server has no passwords, so there is none to be found.
//!
//! Source: IAM API Reference, GetLoginProfile.

use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetLoginProfile as Op, GetLoginProfileInput, GetLoginProfileOutput};

pub struct GetLoginProfile;

impl Action for GetLoginProfile {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetLoginProfile";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &GetLoginProfileInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())
    }

    fn touches(cx: &mut Cx, input: &GetLoginProfileInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: GetLoginProfileInput) -> Answer<GetLoginProfileOutput> {
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
        bench.refused("GetLoginProfile", &[("UserName", "alice")], "NoSuchEntity", message);
        let message = "The user with name bob cannot be found.";
        bench.refused("GetLoginProfile", &[("UserName", "bob")], "NoSuchEntity", message);
    }
}
