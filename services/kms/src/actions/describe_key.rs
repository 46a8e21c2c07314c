//! DescribeKey: what is known of a key. Any state. Naming `alias/aws/ebs` makes that key if the account has none yet.
//!
//! Needs `kms:DescribeKey` on the key (the AWS managed key allows it to the account root). Takes all four forms of names.
//! Source: KMS API Reference, DescribeKey.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::{grants, shapes};
use api::{Action, Answer, Cx};
use wire::generated::kms::{DescribeKey as Op, DescribeKeyInput, DescribeKeyOutput};

pub struct DescribeKey;

impl Action for DescribeKey {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:DescribeKey";
    const KEYS: &'static [&'static str] = &["kms:RequestAlias"];

    fn authorise(cx: &mut Cx, input: &DescribeKeyInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "DescribeKey", &Asks::nothing())?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: DescribeKeyInput) -> Answer<DescribeKeyOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        Ok(DescribeKeyOutput { key_metadata: Some(shapes::metadata(cx, &key)?) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    #[test]
    fn all_four_forms_name_the_key() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        for name in [key.id.as_str(), &key.arn, "alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"]
        {
            let metadata = bench.ok("DescribeKey", json!({"KeyId": name}))["KeyMetadata"].clone();
            assert_eq!(metadata["Arn"], json!(key.arn), "{name}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found_in_the_words_of_aws() {
        let bench = Bench::new();
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = format!("arn:aws:kms:us-east-1:111122223333:key/{id}");
        let foreign_region = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
        for (name, message) in [
            (id, format!("Key '{arn}' does not exist")),
            (&arn, format!("Key '{arn}' does not exist")),
            ("alias/x", "Alias arn:aws:kms:us-east-1:111122223333:alias/x is not found.".into()),
            (
                "alias/aws/none",
                "Alias arn:aws:kms:us-east-1:111122223333:alias/aws/none is not found.".into(),
            ),
            ("fantasy", "Invalid keyId 'fantasy'".into()),
            (&foreign_region, "Invalid arn eu-west-1".into()),
        ] {
            bench.refused("DescribeKey", json!({"KeyId": name}), "NotFoundException", &message);
        }
        bench.refused(
            "DescribeKey",
            json!({}),
            "ValidationException",
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
        );
    }

    #[test]
    fn the_managed_key_appears_once_per_account_when_it_is_named() {
        let bench = Bench::new();
        assert_eq!(bench.rows().0, 0);
        let ask = |account: &str| {
            let input = json!({"KeyId": "alias/aws/ebs"});
            bench.ok_as(&bench.root_of(account), "DescribeKey", input)["KeyMetadata"].clone()
        };
        let first = ask("111122223333");
        assert_eq!((&first["KeyManager"], &first["Enabled"]), (&json!("AWS"), &json!(true)));
        assert!(
            first["Description"].as_str().unwrap().starts_with("Default key that protects my EBS volumes")
        );
        assert_eq!(ask("111122223333"), first);
        assert_ne!(ask("444455556666")["KeyId"], first["KeyId"]);
        assert_eq!(bench.rows(), (2, 2, 2, 0));
    }

    #[test]
    fn another_account_learns_nothing() {
        let bench = Bench::new();
        let key = bench.create_key();
        let unknown = key.arn.replace(&key.id, "1234abcd-12ab-34cd-56ef-1234567890ab");
        let other = bench.root_of("444455556666");
        let answers: Vec<Value> = [&key.arn, &unknown]
            .iter()
            .map(|arn| bench.call_as(&other, "DescribeKey", json!({"KeyId": arn})).1)
            .map(|body| {
                json!(
                    body.to_string().replace(&key.id, "").replace("1234abcd-12ab-34cd-56ef-1234567890ab", "")
                )
            })
            .collect();
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0].as_str().unwrap().contains("AccessDeniedException"));
        assert!(
            answers[0]
                .as_str()
                .unwrap()
                .contains("no resource-based policy allows the kms:DescribeKey action")
        );
    }
}
