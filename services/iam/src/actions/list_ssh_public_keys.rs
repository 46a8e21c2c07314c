//! ListSSHPublicKeys: a user's SSH public keys for CodeCommit; this server has none, so the list is empty. Clients ask before they delete a user.
//!
//! Source: IAM API Reference, ListSSHPublicKeys.

use crate::find;
use crate::{names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListSSHPublicKeys as Op, ListSSHPublicKeysInput, ListSSHPublicKeysOutput};

pub struct ListSSHPublicKeys;

impl Action for ListSSHPublicKeys {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListSSHPublicKeys";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListSSHPublicKeysInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListSSHPublicKeysInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: ListSSHPublicKeysInput) -> Answer<ListSSHPublicKeysOutput> {
        find::there(cx, input.user_name.as_deref(), input.marker.as_deref())?;
        Ok(ListSSHPublicKeysOutput {
            ssh_public_keys: Some(Vec::new()),
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
        let empty = "<SSHPublicKeys></SSHPublicKeys><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListSSHPublicKeys", &[("UserName", "alice")]), empty);
        assert_eq!(bench.ok("ListSSHPublicKeys", &[]), empty);
        let message = "The user with name bob cannot be found.";
        bench.refused("ListSSHPublicKeys", &[("UserName", "bob")], "NoSuchEntity", message);
        bench.refused("ListSSHPublicKeys", &[("Marker", "x")], "ValidationError", "Invalid Marker.");
    }
}
