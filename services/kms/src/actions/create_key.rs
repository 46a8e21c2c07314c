//! CreateKey: a new customer managed key with fresh material (Origin AWS_KMS), or one that waits for its import (EXTERNAL).
//!
//! States: none → Enabled, or PendingImport. Needs `kms:CreateKey`; until policies exist, the account root.
//! `MultiRegion` makes the primary of a multi-Region key. Not offered: custom key stores, the spec SM2; refused by name.
//! Source: KMS API Reference, CreateKey; messages recorded of AWS.

use crate::policy::{self, LockOut};
use crate::rows::Key;
use crate::usage::{self, KeyUsage};
use crate::{access, custom_key_store, material, multi_region, shapes, tagging};
use api::{Action, Answer, Cx, Touched};
use base::{Arn, Refusal};
use keys::KeySpec;
use rules::key_access::KeyManager;
use rules::key_state::{self, KeyOrigin};
use wire::generated::kms::{CreateKey as Op, CreateKeyInput, CreateKeyOutput};

pub struct CreateKey;

impl Action for CreateKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:CreateKey";
    const KEYS: &'static [&'static str] = &[
        "kms:KeySpec",
        "kms:KeyUsage",
        "kms:KeyOrigin",
        "kms:MultiRegion",
        "kms:MultiRegionKeyType",
        "kms:BypassPolicyLockoutSafetyCheck",
        "aws:RequestTag/",
        "aws:TagKeys",
    ];

    fn check(input: &CreateKeyInput) -> Result<(), Refusal> {
        custom_key_store::none_of(input.custom_key_store_id.as_deref())?;
        let origin = origin(input)?;
        if input.xks_key_id.is_some() || !matches!(origin, KeyOrigin::AwsKms | KeyOrigin::External) {
            return Err(unsupported("Custom key stores are not offered by this server."));
        }
        let (spec, _) = spec_and_usage(input)?;
        if !spec.is_supported() || (origin == KeyOrigin::External && !spec.is_importable()) {
            return Err(unsupported(&format!("Key spec {spec} is not offered by this server.")));
        }
        Ok(())
    }

    fn touches(cx: &mut Cx, input: &CreateKeyInput) -> Answer<Vec<Touched>> {
        let (spec, usage) = spec_and_usage(input)?;
        let mut keys = tagging::asked(input.tags.as_deref().unwrap_or_default());
        keys.set("kms:CallerAccount", cx.account().as_str());
        keys.set_some("kms:ViaService", cx.caller.via_service());
        keys.set("kms:KeySpec", spec.name());
        keys.set("kms:KeyUsage", usage.name());
        keys.set("kms:KeyOrigin", origin(input)?.name());
        let multi_region = input.multi_region == Some(true);
        keys.set("kms:MultiRegion", multi_region.to_string());
        keys.set_some("kms:MultiRegionKeyType", multi_region.then_some("PRIMARY"));
        let bypasses = input.bypass_policy_lockout_safety_check == Some(true);
        keys.set("kms:BypassPolicyLockoutSafetyCheck", bypasses.to_string());
        Ok(vec![Touched { arn: "*".to_owned(), keys }])
    }

    fn handle(cx: &mut Cx, input: CreateKeyInput) -> Answer<CreateKeyOutput> {
        let (spec, usage) = spec_and_usage(&input)?;
        let origin = origin(&input)?;
        let tags = tagging::merged(&[], &tagging::read(input.tags.as_deref().unwrap_or_default())?)?;
        let multi_region = input.multi_region == Some(true);
        let key_id = if multi_region { multi_region::new_key_id(cx) } else { cx.door.env.ids.uuid() };
        let policy = match &input.policy {
            None => policy::of_customer_key(cx.account()),
            Some(text) => {
                let (region, account) = (cx.region().as_str(), cx.account().as_str());
                let arn = Arn::new("kms", region, account, format!("key/{key_id}"));
                let lock_out = LockOut::asked(input.bypass_policy_lockout_safety_check);
                policy::accepted(cx, text, &arn, None, lock_out)?
            }
        };
        let material_id = match origin {
            KeyOrigin::External => None,
            _ => Some(material::create(cx, &key_id, spec)?),
        };
        let key = Key {
            account: cx.account().clone(),
            region: cx.region().clone(),
            key_id,
            spec,
            usage,
            state: key_state::initial(origin),
            manager: KeyManager::Customer,
            origin,
            created: cx.now(),
            description: input.description.unwrap_or_default(),
            material_id,
            policy,
            deletion_date: None,
            rotation: None,
            on_demand_rotations: 0,
            multi_region,
            pending_window_days: None,
            material_expires: None,
            reminded: None,
            tags,
        };
        access::touch(cx, &key);
        cx.tx.append(&key)?;
        multi_region::begin(cx, &key)?;
        Ok(CreateKeyOutput { key_metadata: Some(shapes::metadata(cx, &key)?) })
    }
}

/// The spec (in either of its two members) and the usage, if they go together.
fn spec_and_usage(input: &CreateKeyInput) -> Result<(KeySpec, KeyUsage), Refusal> {
    let named = match (&input.key_spec, &input.customer_master_key_spec) {
        (Some(_), Some(_)) => {
            return Err(validation(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is \
                 deprecated."
                    .to_owned(),
            ));
        }
        (Some(name), None) | (None, Some(name)) => name.as_str(),
        (None, None) => KeySpec::SymmetricDefault.name(),
    };
    // The wire has checked both names against AWS's lists; a name that is new there is one that we lack.
    let spec = KeySpec::parse(named)
        .ok_or_else(|| unsupported(&format!("Key spec {named} is not offered by this server.")))?;
    let usage = match &input.key_usage {
        None if spec == KeySpec::SymmetricDefault => KeyUsage::EncryptDecrypt,
        None => {
            return Err(validation(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
                    .into(),
            ));
        }
        Some(name) => KeyUsage::parse(name)
            .ok_or_else(|| unsupported(&format!("Key usage {name} is not offered by this server.")))?,
    };
    if usage::fits(spec, usage) {
        return Ok((spec, usage));
    }
    Err(validation(format!("KeyUsage {} is not compatible with KeySpec {spec}", usage.name())))
}

fn origin(input: &CreateKeyInput) -> Result<KeyOrigin, Refusal> {
    let named = input.origin.as_deref().unwrap_or("AWS_KMS");
    KeyOrigin::parse(named)
        .ok_or_else(|| unsupported(&format!("Origin {named} is not offered by this server.")))
}

fn validation(message: String) -> Refusal {
    Refusal::new("ValidationException", message)
}

fn unsupported(message: &str) -> Refusal {
    Refusal::new("UnsupportedOperationException", message)
}

#[cfg(test)]
mod tests {
    use crate::testing::{ACCOUNT, Bench};
    use serde_json::{Value, json};

    #[test]
    fn a_key_of_defaults_has_the_metadata_of_aws() {
        let bench = Bench::new();
        let metadata = bench.ok("CreateKey", json!({}))["KeyMetadata"].clone();
        let id = metadata["KeyId"].as_str().unwrap();
        assert_eq!(
            metadata,
            json!({
                "AWSAccountId": ACCOUNT,
                "KeyId": id,
                "Arn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}"),
                "CreationDate": metadata["CreationDate"],
                "Enabled": true,
                "Description": "",
                "KeyUsage": "ENCRYPT_DECRYPT",
                "KeyState": "Enabled",
                "Origin": "AWS_KMS",
                "KeyManager": "CUSTOMER",
                "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
                "KeySpec": "SYMMETRIC_DEFAULT",
                "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
                "MultiRegion": false,
                "CurrentKeyMaterialId": metadata["CurrentKeyMaterialId"],
            })
        );
        assert_eq!(metadata["CurrentKeyMaterialId"].as_str().unwrap().len(), 64);
        assert!(metadata["CreationDate"].is_number());
    }

    #[test]
    fn every_spec_that_the_library_has_makes_a_key() {
        let bench = Bench::new();
        for (spec, usage, list, algorithm) in [
            ("HMAC_224", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_224"),
            ("HMAC_512", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_512"),
            ("ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"),
            ("ECC_NIST_P521", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "ECDH"),
            ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"),
            ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "RSAES_OAEP_SHA_1"),
        ] {
            let made =
                bench.ok("CreateKey", json!({"KeySpec": spec, "KeyUsage": usage}))["KeyMetadata"].clone();
            assert_eq!((&made["KeySpec"], &made["KeyUsage"]), (&json!(spec), &json!(usage)));
            assert_eq!(made[list][0], json!(algorithm), "{made}");
        }
        let old = bench.ok("CreateKey", json!({"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}));
        assert_eq!(old["KeyMetadata"]["KeySpec"], "SYMMETRIC_DEFAULT");
    }

    #[test]
    fn an_external_key_waits_for_its_material() {
        let bench = Bench::new();
        let made = bench.ok("CreateKey", json!({"Origin": "EXTERNAL"}))["KeyMetadata"].clone();
        assert_eq!((&made["KeyState"], &made["Enabled"]), (&json!("PendingImport"), &json!(false)));
        assert_eq!(made["CurrentKeyMaterialId"], Value::Null);
        assert_eq!(bench.rows(), (1, 0, 0, 0));
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_aws_words() {
        let bench = Bench::new();
        let usage =
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
        bench.refused("CreateKey", json!({"KeySpec": "RSA_2048"}), "ValidationException", usage);
        for (spec, usage) in [
            ("RSA_2048", "KEY_AGREEMENT"),
            ("SYMMETRIC_DEFAULT", "SIGN_VERIFY"),
            ("HMAC_256", "ENCRYPT_DECRYPT"),
            ("ECC_SECG_P256K1", "KEY_AGREEMENT"),
        ] {
            let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
            let input = json!({"KeySpec": spec, "KeyUsage": usage});
            bench.refused("CreateKey", input, "ValidationException", &message);
        }
        let both = json!({"KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"});
        let (_, body) = bench.call_as(&bench.root(), "CreateKey", both);
        assert_eq!(body["__type"], "ValidationException");
        let (_, body) = bench.call_as(&bench.root(), "CreateKey", json!({"KeySpec": "RSA_1024"}));
        assert_eq!(body["__type"], "ValidationException");
        assert_eq!(bench.rows(), (0, 0, 0, 0));
    }

    #[test]
    fn what_is_not_offered_is_refused_by_name() {
        let bench = Bench::new();
        for (input, word) in [
            (json!({"Origin": "AWS_CLOUDHSM"}), "Custom key stores"),
            (json!({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}), "SM2"),
        ] {
            let root = bench.root();
            bench.refused_because(&root, "CreateKey", input, "UnsupportedOperationException", word);
        }
    }

    #[test]
    fn tags_and_policy_are_checked_and_kept() {
        let bench = Bench::new();
        let tag = |key: &str| json!({"TagKey": key, "TagValue": "v"});
        let key = bench.create_key_with(json!({"Tags": [tag("b"), tag("a")], "Description": "mine"}));
        let tags = bench.ok("ListResourceTags", json!({"KeyId": key.id}));
        assert_eq!(tags["Tags"], json!([tag("a"), tag("b")]));
        let input = json!({"Tags": [tag("a"), tag("a")]});
        bench.refused("CreateKey", input, "TagException", "Duplicate tag keys");
        let (_, body) = bench.call_as(&bench.root(), "CreateKey", json!({"Policy": "{}"}));
        assert_eq!(body["__type"], "MalformedPolicyDocumentException");
    }

    #[test]
    fn only_the_root_makes_keys_and_the_record_tells_of_it() {
        let bench = Bench::new();
        let (_, body) = bench.call_as(&bench.session(), "CreateKey", json!({}));
        assert_eq!(body["__type"], "AccessDeniedException");
        let key = bench.create_key();
        let record = bench.last_record("CreateKey");
        assert_eq!(record.body["resources"][0]["ARN"], json!(key.arn));
        assert_eq!(record.body["responseElements"]["keyMetadata"]["keyId"], json!(key.id));
    }

    #[test]
    fn material_is_stored_sealed_only() {
        let bench = Bench::new();
        bench.create_key();
        let mut tx = bench.door.catalog.begin().unwrap();
        let rows = tx.scan::<crate::rows::KeyMaterial>("", None, 10).unwrap();
        // Magic, version, root key id, salt, nonce, 32 bytes, tag.
        assert_eq!((rows[0].sealed.len(), &rows[0].sealed[..4]), (88, &b"SVS\x01"[..]));
    }
}
