//! For other services: what a key is called, and whether it can be used, without using it.

use crate::find::{self, Accepts, Named};
use crate::managed;
use crate::usage::KeyUsage;
use api::{Answer, Cx};
use base::Arn;
use rules::key_state::KeyState;

/// The key ARN to show for a key as a request names it. `alias/aws/ebs` is made if it is not there. A name that leads to no key
/// is shown as the ARN that it would have, because EBS finds out only later that there is no such key.
pub fn shown_arn(cx: &mut Cx, name: &str) -> Answer<String> {
    let arn = |cx: &Cx, resource: String| {
        Arn::new("kms", cx.region().as_str(), cx.account().as_str(), resource).to_string()
    };
    match find::read(cx, name, Accepts::KeyOrAlias) {
        Ok(Named::KeyId(id)) => Ok(arn(cx, format!("key/{id}"))),
        Ok(Named::Foreign(arn)) => Ok(arn.to_string()),
        Ok(Named::Alias(alias)) => match find::alias(cx, &alias)? {
            Some(row) => Ok(arn(cx, format!("key/{}", row.key_id))),
            None if alias == managed::ALIAS => Ok(managed::create(cx)?.arn()),
            None => Ok(arn(cx, alias)),
        },
        Err(_) if name.starts_with("arn:") => Ok(name.to_owned()),
        Err(_) => Ok(arn(cx, format!("key/{name}"))),
    }
}

/// Whether the key with this ARN exists in the caller's account and Region and would encrypt and decrypt now.
pub fn is_usable(cx: &mut Cx, key_arn: &str) -> Answer<bool> {
    let Ok(Named::KeyId(id)) = find::read(cx, key_arn, Accepts::Key) else { return Ok(false) };
    let key = find::existing(cx, &id)?;
    Ok(key.is_some_and(|key| {
        key.state == KeyState::Enabled && key.is_symmetric() && key.usage == KeyUsage::EncryptDecrypt
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn every_form_of_a_name_shows_the_key_arn() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        bench.with_cx(|cx| {
            for name in
                [key.id.as_str(), &key.arn, "alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"]
            {
                assert_eq!(shown_arn(cx, name).unwrap(), key.arn, "{name}");
            }
        });
    }

    #[test]
    fn names_that_lead_nowhere_are_shown_all_the_same() {
        let bench = Bench::new();
        let prefix = "arn:aws:kms:us-east-1:111122223333:";
        bench.with_cx(|cx| {
            for (name, shown) in [
                ("alias/none", format!("{prefix}alias/none")),
                ("nonsense", format!("{prefix}key/nonsense")),
                (
                    "arn:aws:kms:eu-west-1:111122223333:key/x",
                    "arn:aws:kms:eu-west-1:111122223333:key/x".into(),
                ),
                (
                    "1234abcd-12ab-34cd-56ef-1234567890ab",
                    format!("{prefix}key/1234abcd-12ab-34cd-56ef-1234567890ab"),
                ),
            ] {
                assert_eq!(shown_arn(cx, name).unwrap(), shown);
            }
        });
    }

    #[test]
    fn the_managed_key_is_made_once() {
        let bench = Bench::new();
        let first = bench.with_cx(|cx| shown_arn(cx, "alias/aws/ebs").unwrap());
        let second = bench.with_cx(|cx| shown_arn(cx, "alias/aws/ebs").unwrap());
        assert_eq!(first, second);
        assert!(bench.with_cx(|cx| is_usable(cx, &first).unwrap()));
    }

    #[test]
    fn only_an_enabled_symmetric_key_of_ours_is_usable() {
        let bench = Bench::new();
        let key = bench.create_key();
        let usable = |arn: &str| bench.with_cx(|cx| is_usable(cx, arn).unwrap());
        assert!(usable(&key.arn));
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        assert!(!usable(&key.arn));
        let hmac = bench.ok("CreateKey", json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        assert!(!usable(hmac["KeyMetadata"]["Arn"].as_str().unwrap()));
        for arn in [
            "",
            "alias/aws/ebs",
            "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ] {
            assert!(!usable(arn), "{arn}");
        }
    }
}
