//! ListServiceSpecificCredentials: a user's passwords for single services; this server has none, so the list is empty. Clients
//! ask before they delete a user.
//!
//! Source: IAM API Reference, ListServiceSpecificCredentials.

use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListServiceSpecificCredentials as Op, ListServiceSpecificCredentialsInput,
    ListServiceSpecificCredentialsOutput,
};

pub struct ListServiceSpecificCredentials;

impl Action for ListServiceSpecificCredentials {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListServiceSpecificCredentials";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListServiceSpecificCredentialsInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        if input.all_users == Some(true) && input.user_name.is_some() {
            let message = "AllUsers and UserName cannot be given together.";
            return Err(Refusal::new("ValidationError", message));
        }
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListServiceSpecificCredentialsInput) -> Answer<Vec<Touched>> {
        if input.all_users == Some(true) {
            return Ok(touches::all_under(cx, "user", Some("/*")));
        }
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(
        cx: &mut Cx,
        input: ListServiceSpecificCredentialsInput,
    ) -> Answer<ListServiceSpecificCredentialsOutput> {
        if input.all_users != Some(true) {
            find::there(cx, input.user_name.as_deref(), input.marker.as_deref())?;
        }
        Ok(ListServiceSpecificCredentialsOutput {
            service_specific_credentials: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn a_user_has_none_and_must_be_there() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        let empty =
            "<ServiceSpecificCredentials></ServiceSpecificCredentials><IsTruncated>false</IsTruncated>";
        for form in [&[("UserName", "alice")][..], &[("AllUsers", "true")], &[]] {
            assert_eq!(bench.ok("ListServiceSpecificCredentials", form), empty, "{form:?}");
        }
        let message = "The user with name bob cannot be found.";
        bench.refused("ListServiceSpecificCredentials", &[("UserName", "bob")], "NoSuchEntity", message);
        let message = "AllUsers and UserName cannot be given together.";
        let form = [("UserName", "alice"), ("AllUsers", "true")];
        bench.refused("ListServiceSpecificCredentials", &form, "ValidationError", message);
    }
}
