//! For other services: what a key is called, and whether it can be used, without using it.

use crate::access::{self, Asks};
use crate::find::{self, Accepts, Named};
use crate::managed;
use crate::usage::KeyUsage;
use api::{Answer, Cx, Failure};
use base::Arn;
use rules::key_access::KeyManager;
use rules::key_state::KeyState;

/// The key ARN to show for a key as a request names it. `alias/aws/ebs` is made if it is not there. A name that leads to no key
/// is shown as the ARN that it would have, because EBS finds out only later that there is no such key. So is an alias of another
/// account that does not let the caller's describe its key (through EC2): which key it means is not told.
pub fn shown_arn(cx: &mut Cx, name: &str) -> Answer<String> {
    let arn = |cx: &Cx, resource: String| {
        Arn::new("kms", cx.region().as_str(), cx.account().as_str(), resource).to_string()
    };
    match find::read(cx, name, Accepts::KeyOrAlias) {
        Ok(Named::KeyId(id)) => Ok(arn(cx, format!("key/{id}"))),
        Ok(Named::Foreign(named)) => match find::foreign(cx, &named)? {
            Some(key) => {
                let caller = cx.caller.forwarded_by_ec2(cx.region());
                let may = access::decide(cx, &caller, &key, &named, "DescribeKey", &Asks::nothing())?;
                Ok(may.map_or(named.to_string(), |_| key.arn()))
            }
            None => Ok(named.to_string()),
        },
        Ok(Named::Alias(alias)) => match find::alias(cx, &alias)? {
            Some(row) => Ok(arn(cx, format!("key/{}", row.key_id))),
            None if alias == managed::ALIAS => Ok(managed::create(cx)?.arn()),
            None => Ok(arn(cx, alias)),
        },
        Err(_) if name.starts_with("arn:") => Ok(name.to_owned()),
        Err(_) => Ok(arn(cx, format!("key/{name}"))),
    }
}

/// Whether the key with this ARN exists in the Region and would encrypt and decrypt now, for those whom it allows to. For jobs;
/// not an answer to give to a caller, who may be of another account.
pub fn is_usable(cx: &mut Cx, key_arn: &str) -> Answer<bool> {
    let key = match find::read(cx, key_arn, Accepts::Key) {
        Ok(Named::KeyId(id)) => find::existing(cx, &id)?,
        Ok(Named::Foreign(arn)) => find::foreign(cx, &arn)?,
        _ => None,
    };
    Ok(key.is_some_and(|key| {
        key.state == KeyState::Enabled && key.is_symmetric() && key.usage == KeyUsage::EncryptDecrypt
    }))
}

/// What there is to know of a key without using it. Nothing in it is secret: DescribeKey tells the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub arn: String,
    /// `SYMMETRIC_DEFAULT` with usage `ENCRYPT_DECRYPT`: the only kind that wraps data keys.
    pub is_symmetric_encryption: bool,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048`, `HMAC_256` ...
    pub spec: String,
    /// `ENCRYPT_DECRYPT`, `SIGN_VERIFY` ...
    pub usage: &'static str,
    pub state: KeyState,
    /// It is the AWS managed key.
    pub is_managed: bool,
}

/// What a name of a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// A key of the caller's account and Region.
    Key(Facts),
    /// Another account's key or alias in this Region; whether it is there is not ours to tell.
    Foreign(String),
    /// No key, or a name that cannot name one here (another Region's ARN, for instance).
    Nothing,
}

/// Looks at the key that `name` (id, ARN, alias or alias ARN) means. `alias/aws/ebs` is made if it is not there.
pub fn look(cx: &mut Cx, name: &str) -> Answer<Looked> {
    match find::read(cx, name, Accepts::KeyOrAlias) {
        Ok(Named::Foreign(arn)) => return Ok(Looked::Foreign(arn.to_string())),
        Ok(_) => {}
        Err(_) => return Ok(Looked::Nothing),
    }
    match find::key(cx, name, Accepts::KeyOrAlias) {
        Ok(key) => Ok(Looked::Key(Facts {
            arn: key.arn(),
            is_symmetric_encryption: key.is_symmetric() && key.usage == KeyUsage::EncryptDecrypt,
            spec: key.spec.to_string(),
            usage: key.usage.name(),
            state: key.state,
            is_managed: key.manager == KeyManager::Aws,
        })),
        Err(Failure::Refused(_)) => Ok(Looked::Nothing),
        Err(other) => Err(other),
    }
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
    fn an_alias_of_another_account_is_resolved_for_those_who_may_describe_its_key() {
        let bench = Bench::new();
        let key = bench.shared_key("444455556666", json!("kms:DescribeKey"));
        let own = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/shared", "TargetKeyId": key.id}));
        bench.ok("CreateAlias", json!({"AliasName": "alias/own", "TargetKeyId": own.id}));
        let prefix = "arn:aws:kms:us-east-1:111122223333:alias/";
        let other = |name: &str| {
            let caller = bench.root_of("444455556666");
            bench.with_cx(|cx| {
                cx.caller = caller.clone();
                (shown_arn(cx, name).unwrap(), is_usable(cx, &own.arn).unwrap())
            })
        };
        assert_eq!(other(&format!("{prefix}shared")), (key.arn.clone(), true));
        for hidden in ["own", "none", "aws/ebs"].map(|name| format!("{prefix}{name}")) {
            assert_eq!(other(&hidden).0, hidden);
        }
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

    #[test]
    fn every_form_of_a_name_leads_to_the_facts_of_its_key() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        for name in [key.id.as_str(), &key.arn, "alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"]
        {
            let Looked::Key(facts) = bench.with_cx(|cx| look(cx, name).unwrap()) else { panic!("{name}") };
            assert_eq!((facts.arn.as_str(), facts.state), (key.arn.as_str(), KeyState::Disabled), "{name}");
            assert!(facts.is_symmetric_encryption && !facts.is_managed);
        }
        let Looked::Key(managed) = bench.with_cx(|cx| look(cx, "alias/aws/ebs").unwrap()) else { panic!() };
        assert!(managed.is_managed && managed.state == KeyState::Enabled);
    }

    #[test]
    fn a_key_of_another_kind_is_told_by_its_facts() {
        let bench = Bench::new();
        for (spec, usage) in [
            ("HMAC_256", "GENERATE_VERIFY_MAC"),
            ("RSA_2048", "ENCRYPT_DECRYPT"),
            ("RSA_2048", "SIGN_VERIFY"),
        ] {
            let made = bench.ok("CreateKey", json!({"KeySpec": spec, "KeyUsage": usage}));
            let arn = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
            let Looked::Key(facts) = bench.with_cx(|cx| look(cx, &arn).unwrap()) else { panic!("{spec}") };
            assert_eq!((facts.spec.as_str(), facts.usage), (spec, usage));
            assert!(!facts.is_symmetric_encryption, "{spec} {usage}");
        }
    }

    #[test]
    fn names_that_lead_to_no_key_of_ours_lead_to_nothing_or_to_another_account() {
        let bench = Bench::new();
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let foreign = format!("arn:aws:kms:us-east-1:444455556666:key/{id}");
        assert_eq!(bench.with_cx(|cx| look(cx, &foreign).unwrap()), Looked::Foreign(foreign));
        for name in
            ["", "x", id, "alias/none", "alias/", &format!("arn:aws:kms:eu-west-1:111122223333:key/{id}")]
        {
            assert_eq!(bench.with_cx(|cx| look(cx, name).unwrap()), Looked::Nothing, "{name}");
        }
    }
}
