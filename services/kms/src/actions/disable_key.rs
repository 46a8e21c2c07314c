//! DisableKey: Enabled → Disabled. The key refuses cryptography until it is enabled; volumes attached with it go on.
//!
//! Needs `kms:DisableKey` on the key; not for AWS managed keys. Takes key ids and key ARNs, no aliases.
//! Source: KMS API Reference, DisableKey.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use api::{Action, Answer, Cx};
use rules::key_state::{self, KeyChange};
use wire::generated::kms::{DisableKey as Op, DisableKeyInput, DisableKeyOutput};

pub struct DisableKey;

impl Action for DisableKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:DisableKey";

    fn authorise(cx: &mut Cx, input: &DisableKeyInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "DisableKey", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: DisableKeyInput) -> Answer<DisableKeyOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.state = key_state::after(KeyChange::Disable, key.state, key.origin)
            .map_err(|no| no.refusal(&key.arn()))?;
        cx.tx.put(&key)?;
        Ok(DisableKeyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn a_disabled_key_refuses_cryptography_and_grants() {
        let bench = Bench::new();
        let key = bench.create_key();
        let blob =
            bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": "eA=="}))["CiphertextBlob"].clone();
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        let metadata = bench.ok("DescribeKey", json!({"KeyId": key.id}))["KeyMetadata"].clone();
        assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("Disabled"), &json!(false)));
        let message = format!("{} is disabled.", key.arn);
        for (operation, input) in [
            ("Encrypt", json!({"KeyId": key.id, "Plaintext": "eA=="})),
            ("Decrypt", json!({"CiphertextBlob": blob})),
            ("ReEncrypt", json!({"CiphertextBlob": blob, "DestinationKeyId": key.id})),
            ("GenerateDataKey", json!({"KeyId": key.id, "NumberOfBytes": 64})),
            ("GenerateDataKeyWithoutPlaintext", json!({"KeyId": key.id, "NumberOfBytes": 64})),
            (
                "CreateGrant",
                json!({"KeyId": key.id, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"]}),
            ),
        ] {
            bench.refused(operation, input, "DisabledException", &message);
        }
    }

    #[test]
    fn aliases_managed_keys_and_other_accounts_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        bench.refused(
            "DisableKey",
            json!({"KeyId": "alias/mine"}),
            "NotFoundException",
            "Invalid keyId 'alias/mine'",
        );
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"].clone();
        let root = bench.root();
        let input = json!({"KeyId": managed});
        bench.refused_because(&root, "DisableKey", input, "AccessDeniedException", "AWS managed key");
        let other = bench.root_of("444455556666");
        let input = json!({"KeyId": key.arn});
        bench.refused_because(&other, "DisableKey", input, "AccessDeniedException", "account 111122223333");
        let metadata = bench.ok("DescribeKey", json!({"KeyId": key.id}));
        assert_eq!(metadata["KeyMetadata"]["KeyState"], "Enabled");
    }
}
