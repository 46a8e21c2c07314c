//! UpdateAlias: points an alias to another key of the same type and usage. The new key must not be pending deletion; the state
//! of the old one does not matter.
//!
//! Needs `kms:UpdateAlias` on both keys (and, in AWS, on the alias). Source: KMS API Reference, UpdateAlias.

use super::create_alias::check_name;
use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rows::Key;
use crate::usage::KeyUsage;
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use wire::generated::kms::{UpdateAlias as Op, UpdateAliasInput, UpdateAliasOutput};

pub struct UpdateAlias;

impl Action for UpdateAlias {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:UpdateAlias";

    fn check(input: &UpdateAliasInput) -> Result<(), Refusal> {
        check_name(&input.alias_name)
    }

    fn authorise(cx: &mut Cx, input: &UpdateAliasInput) -> Answer<()> {
        access::to_alias(cx, &input.alias_name, Self::IAM)?;
        access::key(cx, &input.target_key_id, Accepts::Key, "UpdateAlias", &Asks::nothing())?;
        let alias = find::alias(cx, &input.alias_name)?;
        let alias = alias.ok_or_else(|| find::no_alias(cx, &input.alias_name))?;
        match find::existing(cx, &alias.key_id)? {
            Some(old) => access::to_key(cx, &old, "UpdateAlias", &Asks::nothing()).map(|_| ()),
            None => Ok(()),
        }
    }

    fn handle(cx: &mut Cx, input: UpdateAliasInput) -> Answer<UpdateAliasOutput> {
        let new = find::key(cx, &input.target_key_id, Accepts::Key)?;
        new.check(KeyOperation::UpdateAlias)?;
        let alias = find::alias(cx, &input.alias_name)?;
        let mut alias = alias.ok_or_else(|| find::no_alias(cx, &input.alias_name))?;
        if let Some(old) = find::existing(cx, &alias.key_id)?
            && kind(&old) != kind(&new)
        {
            return Err(Refusal::new(
                "ValidationException",
                "The current and new KMS keys of an alias must have the same key type and the same key usage.",
            )
            .into());
        }
        alias.key_id = new.key_id;
        alias.updated = cx.now();
        cx.tx.put(&alias)?;
        Ok(UpdateAliasOutput {})
    }
}

/// Type (symmetric, asymmetric, HMAC) and usage; the usage tells HMAC from the rest.
fn kind(key: &Key) -> (bool, KeyUsage) {
    (key.is_symmetric(), key.usage)
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_alias_moves_and_old_ciphertext_still_opens() {
        let bench = Bench::new();
        let (old, new) = (bench.create_key(), bench.create_key());
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": old.id}));
        let encrypt = || bench.ok("Encrypt", json!({"KeyId": "alias/mine", "Plaintext": "eA=="}));
        let before = encrypt();
        bench.ok("UpdateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": new.id}));
        assert_eq!(encrypt()["KeyId"], json!(new.arn));
        bench.ok("Decrypt", json!({"CiphertextBlob": before["CiphertextBlob"]}));
    }

    #[test]
    fn missing_aliases_other_kinds_and_dying_targets_are_refused() {
        let bench = Bench::new();
        let (old, new) = (bench.create_key(), bench.create_key());
        let update = |target: &str| json!({"AliasName": "alias/mine", "TargetKeyId": target});
        let missing = "Alias arn:aws:kms:us-east-1:111122223333:alias/mine is not found.";
        bench.refused("UpdateAlias", update(&new.id), "NotFoundException", missing);
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": old.id}));
        let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let rsa = bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
        for other in [&hmac, &rsa] {
            let (_, body) = bench.call_as(&bench.root(), "UpdateAlias", update(&other.id));
            assert_eq!(body["__type"], "ValidationException");
        }
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": new.id}));
        let message = format!("{} is pending deletion.", new.arn);
        bench.refused("UpdateAlias", update(&new.id), "KMSInvalidStateException", &message);
        let managed = json!({"AliasName": "alias/aws/ebs", "TargetKeyId": old.id});
        bench.refused("UpdateAlias", managed, "NotAuthorizedException", "");
    }

    #[test]
    fn an_alias_leaves_a_dying_key() {
        let bench = Bench::new();
        let (old, new) = (bench.create_key(), bench.create_key());
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": old.id}));
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": old.id}));
        bench.ok("UpdateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": new.id}));
    }
}
