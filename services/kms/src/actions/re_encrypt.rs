//! ReEncrypt: opens a ciphertext and encrypts it again under another key, another encryption context or both, without showing
//! the plaintext. Both keys must be enabled.
//!
//! Needs `kms:ReEncryptFrom` on the source key and `kms:ReEncryptTo` on the destination key; there is no permission
//! `kms:ReEncrypt`. Source: KMS API Reference, ReEncrypt.

use crate::access::{self, Asks};
use crate::crypto::{self, Algorithm};
use crate::find::{self, Accepts, Named};
use crate::grants;
use crate::rows::Key;
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_access::Context;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{ReEncrypt as Op, ReEncryptInput, ReEncryptOutput};
use wire::{Blob, Input};

pub struct ReEncrypt;

impl Action for ReEncrypt {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ReEncryptFrom";

    fn check(input: &ReEncryptInput) -> Result<(), Refusal> {
        if input.ciphertext_blob.is_none() {
            return Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be \
                 null",
            ));
        }
        Ok(())
    }

    fn authorise(cx: &mut Cx, input: &ReEncryptInput) -> Answer<()> {
        source(cx, input)?;
        let context = access::context(&input.destination_encryption_context);
        let asks = asks(context, algorithms(input).1, on_same_key(cx, input)?);
        access::key(cx, &input.destination_key_id, Accepts::KeyOrAlias, "ReEncryptTo", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: ReEncryptInput) -> Answer<ReEncryptOutput> {
        let from = source(cx, &input)?;
        let to = find::key(cx, &input.destination_key_id, Accepts::KeyOrAlias)?;
        from.check(KeyOperation::ReEncrypt)?;
        to.check(KeyOperation::ReEncrypt)?;
        let (old, new) = algorithms(&input);
        let context = access::context(&input.source_encryption_context);
        let opened = crypto::decrypt(cx, &from, old, context, ciphertext(&input), "ReEncrypt")?;
        let context = access::context(&input.destination_encryption_context);
        let sealed = crypto::encrypt(cx, &to, new, context, opened.plaintext.expose(), "ReEncrypt")?;
        Ok(ReEncryptOutput {
            ciphertext_blob: Some(Blob(sealed.ciphertext)),
            source_key_id: Some(from.arn()),
            key_id: Some(to.arn()),
            source_encryption_algorithm: Some(old.name().to_owned()),
            destination_encryption_algorithm: Some(new.name().to_owned()),
            source_key_material_id: Some(opened.material_id),
            destination_key_material_id: Some(sealed.material_id),
        })
    }

    fn request_parameters(input: &ReEncryptInput) -> Value {
        let defaults = ["sourceEncryptionAlgorithm", "destinationEncryptionAlgorithm"];
        crypto::shown_parameters(input.trail(), &defaults)
    }
}

fn algorithms(input: &ReEncryptInput) -> (Algorithm, Algorithm) {
    (
        Algorithm::asked(input.source_encryption_algorithm.as_deref()),
        Algorithm::asked(input.destination_encryption_algorithm.as_deref()),
    )
}

fn ciphertext(input: &ReEncryptInput) -> &[u8] {
    input.ciphertext_blob.as_ref().map_or(&[], |blob| &blob.0)
}

/// The ciphertext's key, if the caller may re-encrypt from it.
fn source(cx: &mut Cx, input: &ReEncryptInput) -> Answer<Key> {
    let context = access::context(&input.source_encryption_context);
    let named = input.source_key_id.as_deref();
    let asks = asks(context, algorithms(input).0, on_same_key(cx, input)?);
    crypto::key_of(cx, ciphertext(input), named, algorithms(input).0, "ReEncryptFrom", &asks)
}

fn asks(context: &Context, algorithm: Algorithm, on_same_key: bool) -> Asks<'_> {
    Asks::within(context)
        .with("kms:EncryptionAlgorithm", algorithm.name())
        .with("kms:ReEncryptOnSameKey", on_same_key.to_string())
}

/// `kms:ReEncryptOnSameKey`: whether the destination is the key that the ciphertext (or, for RSA, the request) names. What an alias
/// of another account means is not told by a condition either.
fn on_same_key(cx: &mut Cx, input: &ReEncryptInput) -> Answer<bool> {
    let from = match crypto::key_id_of(ciphertext(input)) {
        Some(id) => Some(id),
        None => match &input.source_key_id {
            Some(name) => named_id(cx, name)?,
            None => None,
        },
    };
    Ok(from.is_some() && from == named_id(cx, &input.destination_key_id)?)
}

fn named_id(cx: &mut Cx, name: &str) -> Answer<Option<String>> {
    Ok(match find::read(cx, name, Accepts::KeyOrAlias) {
        Ok(Named::KeyId(id)) => Some(id),
        Ok(Named::Alias(alias)) => find::alias(cx, &alias)?.map(|alias| alias.key_id),
        Ok(Named::Foreign(arn)) => arn.resource.strip_prefix("key/").map(str::to_owned),
        Err(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::{Value, json};

    fn encrypted(bench: &Bench, key_id: &str) -> Value {
        let input = json!({"KeyId": key_id, "Plaintext": b64(b"plain"), "EncryptionContext": {"id": "old"}});
        bench.ok("Encrypt", input)["CiphertextBlob"].clone()
    }

    #[test]
    fn the_plaintext_moves_to_another_key_and_context() {
        let bench = Bench::new();
        let (from, to) = (bench.create_key(), bench.create_key());
        let blob = encrypted(&bench, &from.id);
        let answer = bench.ok(
            "ReEncrypt",
            json!({
                "CiphertextBlob": blob, "SourceEncryptionContext": {"id": "old"},
                "DestinationKeyId": to.id, "DestinationEncryptionContext": {"id": "new"},
            }),
        );
        assert_eq!((&answer["SourceKeyId"], &answer["KeyId"]), (&json!(from.arn), &json!(to.arn)));
        assert_ne!(answer["SourceKeyMaterialId"], answer["DestinationKeyMaterialId"]);
        assert_eq!(answer["DestinationEncryptionAlgorithm"], "SYMMETRIC_DEFAULT");
        let moved = answer["CiphertextBlob"].clone();
        let opened =
            bench.ok("Decrypt", json!({"CiphertextBlob": moved, "EncryptionContext": {"id": "new"}}));
        assert_eq!(unb64(&opened["Plaintext"]), b"plain");
        let input = json!({"CiphertextBlob": moved, "EncryptionContext": {"id": "old"}});
        bench.refused("Decrypt", input, "InvalidCiphertextException", "");

        let record = bench.last_record("ReEncrypt").body;
        assert_eq!(
            record["requestParameters"],
            json!({
                "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "sourceEncryptionContext": {"id": "old"},
                "destinationKeyId": to.id, "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "destinationEncryptionContext": {"id": "new"},
            })
        );
        let arns: Vec<&Value> = record["resources"].as_array().unwrap().iter().map(|r| &r["ARN"]).collect();
        assert_eq!(arns, [&json!(from.arn), &json!(to.arn)]);
        assert_eq!((&record["readOnly"], &record["responseElements"]), (&json!(true), &Value::Null));
    }

    #[test]
    fn the_context_may_change_under_one_key() {
        let bench = Bench::new();
        let key = bench.create_key();
        let blob = encrypted(&bench, &key.id);
        let answer = bench.ok(
            "ReEncrypt",
            json!({"CiphertextBlob": blob, "SourceEncryptionContext": {"id": "old"}, "DestinationKeyId": key.id}),
        );
        bench.ok("Decrypt", json!({"CiphertextBlob": answer["CiphertextBlob"]}));
        assert_eq!(bench.last_record("ReEncrypt").body["resources"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_wrong_source_and_a_disabled_or_unfit_destination_are_refused() {
        let bench = Bench::new();
        let (from, to) = (bench.create_key(), bench.create_key());
        let blob = encrypted(&bench, &from.id);
        let input = |more: Value| {
            let mut input = json!({
                "CiphertextBlob": blob, "SourceEncryptionContext": {"id": "old"}, "DestinationKeyId": to.id,
            });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let wrong_context = input(json!({"SourceEncryptionContext": {}}));
        bench.refused("ReEncrypt", wrong_context, "InvalidCiphertextException", "");
        let (_, body) = bench.call_as(&bench.root(), "ReEncrypt", input(json!({"SourceKeyId": to.id})));
        assert_eq!(body["__type"], "IncorrectKeyException");
        let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let message =
            format!("{} key usage is GENERATE_VERIFY_MAC which is not valid for ReEncrypt.", hmac.arn);
        let unfit = input(json!({"DestinationKeyId": hmac.id}));
        bench.refused("ReEncrypt", unfit, "InvalidKeyUsageException", &message);
        bench.ok("DisableKey", json!({"KeyId": to.id}));
        let message = format!("{} is disabled.", to.arn);
        bench.refused("ReEncrypt", input(json!({})), "DisabledException", &message);
    }

    #[test]
    fn both_halves_of_the_permission_are_needed() {
        let bench = Bench::new();
        let (from, to) = (bench.create_key(), bench.create_key());
        let blob = encrypted(&bench, &from.id);
        let input = json!({
            "CiphertextBlob": blob, "SourceEncryptionContext": {"id": "old"}, "DestinationKeyId": to.id,
        });
        let session = bench.session();
        let grant = |key: &str, operation: &str| {
            let input = json!({"KeyId": key, "GranteePrincipal": session.arn(), "Operations": [operation]});
            bench.ok("CreateGrant", input);
        };
        let denied = |word: &str| {
            let (_, body) = bench.call_as(&session, "ReEncrypt", input.clone());
            assert!(body["message"].as_str().unwrap().contains(word), "{body}");
        };
        denied("kms:ReEncryptFrom");
        grant(&from.id, "ReEncryptFrom");
        denied("kms:ReEncryptTo");
        grant(&to.id, "ReEncryptFrom");
        denied("kms:ReEncryptTo");
        grant(&to.id, "ReEncryptTo");
        bench.ok_as(&session, "ReEncrypt", input.clone());
    }
}
