//! DeleteAccessKey: what it signs is refused from then on.
//!
//! Source: IAM API Reference, DeleteAccessKey.

use crate::{access_keys, find, names, touches};
use api::identity::{AccessKey, AccessKeyUse};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteAccessKey as Op, DeleteAccessKeyInput, DeleteAccessKeyOutput};

pub struct DeleteAccessKey;

impl Action for DeleteAccessKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteAccessKey";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &DeleteAccessKeyInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        access_keys::check_id(&input.access_key_id)
    }

    fn touches(cx: &mut Cx, input: &DeleteAccessKeyInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: DeleteAccessKeyInput) -> Answer<DeleteAccessKeyOutput> {
        let key = access_keys::of(cx, input.user_name.as_deref(), &input.access_key_id)?;
        cx.tx.delete::<AccessKey>(&key.id)?;
        cx.tx.delete::<AccessKeyUse>(&key.id)?;
        Ok(DeleteAccessKeyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn only_the_keys_own_user_names_it() {
        let bench = Bench::new();
        for name in ["alice", "bob"] {
            bench.ok("CreateUser", &[("UserName", name)]);
        }
        let id = element(&bench.ok("CreateAccessKey", &[("UserName", "alice")]), "AccessKeyId");
        let key = ("AccessKeyId", id.as_str());
        let message = format!("The Access Key with id {id} cannot be found.");
        bench.refused("DeleteAccessKey", &[("UserName", "bob"), key], "NoSuchEntity", &message);
        // Without a name the root's own keys are meant.
        bench.refused("DeleteAccessKey", &[key], "NoSuchEntity", &message);
        assert_eq!(bench.ok("DeleteAccessKey", &[("UserName", "ALICE"), key]), "");
        assert!(bench.access_key(&id).is_none());
        bench.refused("DeleteAccessKey", &[("UserName", "alice"), key], "NoSuchEntity", &message);
        let message = "The user with name carol cannot be found.";
        bench.refused("DeleteAccessKey", &[("UserName", "carol"), key], "NoSuchEntity", message);
        let (_, told) =
            bench.call_as(&bench.root(), "DeleteAccessKey", &[("AccessKeyId", "AKIA/../..........")]);
        assert!(told.contains("ValidationError"), "{told}");
    }
}
