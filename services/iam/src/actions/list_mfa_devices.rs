//! ListMFADevices: a user's MFA devices; this server has none, so the list is empty. Clients ask before they delete a user.
//!
//! Source: IAM API Reference, ListMFADevices.

use crate::find;
use crate::{names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListMFADevices as Op, ListMFADevicesInput, ListMFADevicesOutput};

pub struct ListMFADevices;

impl Action for ListMFADevices {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListMFADevices";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListMFADevicesInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListMFADevicesInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: ListMFADevicesInput) -> Answer<ListMFADevicesOutput> {
        find::there(cx, input.user_name.as_deref(), input.marker.as_deref())?;
        Ok(ListMFADevicesOutput { mfa_devices: Some(Vec::new()), is_truncated: Some(false), marker: None })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn a_user_has_none_and_must_be_there() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        let empty = "<MFADevices></MFADevices><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListMFADevices", &[("UserName", "alice")]), empty);
        assert_eq!(bench.ok("ListMFADevices", &[]), empty);
        let message = "The user with name bob cannot be found.";
        bench.refused("ListMFADevices", &[("UserName", "bob")], "NoSuchEntity", message);
        bench.refused("ListMFADevices", &[("Marker", "x")], "ValidationError", "Invalid Marker.");
    }
}
