//! UpdateAccessKey: switches a key off and on again.
//!
//! Source: IAM API Reference, UpdateAccessKey.

use crate::{access_keys, find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{UpdateAccessKey as Op, UpdateAccessKeyInput, UpdateAccessKeyOutput};

pub struct UpdateAccessKey;

impl Action for UpdateAccessKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UpdateAccessKey";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &UpdateAccessKeyInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        access_keys::check_id(&input.access_key_id)?;
        names::one_of("status", &input.status, &["Active", "Inactive"])
    }

    fn touches(cx: &mut Cx, input: &UpdateAccessKeyInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: UpdateAccessKeyInput) -> Answer<UpdateAccessKeyOutput> {
        let mut key = access_keys::of(cx, input.user_name.as_deref(), &input.access_key_id)?;
        key.inactive = input.status == "Inactive";
        cx.tx.put(&key)?;
        Ok(UpdateAccessKeyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn a_key_is_switched_off_and_on() {
        let bench = Bench::new();
        let name = ("UserName", "alice");
        bench.ok("CreateUser", &[name]);
        let id = element(&bench.ok("CreateAccessKey", &[name]), "AccessKeyId");
        let key = ("AccessKeyId", id.as_str());
        for (status, inactive) in [("Inactive", true), ("Active", false)] {
            assert_eq!(bench.ok("UpdateAccessKey", &[name, key, ("Status", status)]), "");
            assert_eq!(bench.access_key(&id).unwrap().inactive, inactive);
            assert_eq!(element(&bench.ok("ListAccessKeys", &[name]), "Status"), status);
        }
        let message = "1 validation error detected: Value 'Off' at 'status' failed to satisfy constraint: Member must satisfy \
                       enum value set: [Active, Inactive]";
        bench.refused("UpdateAccessKey", &[name, key, ("Status", "Off")], "ValidationError", message);
        let message = format!("The Access Key with id {id} cannot be found.");
        bench.refused("UpdateAccessKey", &[key, ("Status", "Inactive")], "NoSuchEntity", &message);
    }
}
