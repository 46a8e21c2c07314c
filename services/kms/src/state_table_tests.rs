//! The page's table of key states, driven through the real actions: every operation on a key in every state, the answer compared
//! with what `rules::key_state` says (which is compared with the page itself, cell by cell, beside it).

use crate::find;
use crate::rows::Key;
use crate::testing::{Bench, Made};
use base::Timestamp;
use rules::key_state::{self, KeyOperation, KeyOrigin, KeyState};
use serde_json::{Value, json};

/// The key that a row is driven with.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// symmetric, made by us
    Ours,
    /// symmetric, imported
    External,
    Ecc,
    Agreement,
    Hmac,
}

/// Puts the key in a state that no call leads to here (Creating, Updating, Unavailable), or that would take long.
fn put_in(bench: &Bench, id: &str, state: KeyState, origin: KeyOrigin) {
    bench.with_cx(|cx| {
        let key = find::by_id(cx, id).unwrap();
        let deletion_date = (state == KeyState::PendingDeletion).then(far);
        cx.tx.put(&Key { state, origin, deletion_date, ..key }).unwrap();
    });
}

fn far() -> Timestamp {
    Timestamp::from_secs(9_000_000_000)
}

struct Driven<'a> {
    bench: &'a Bench,
    target: Made,
    /// Another key, for operations with two.
    other: Made,
    blob: Value,
    signature: Value,
    mac: Value,
    grant: String,
    token: Value,
    wrapped: String,
}

fn driven(bench: &Bench, kind: Kind) -> Driven<'_> {
    let input = match kind {
        Kind::Ours => json!({}),
        Kind::External => json!({"Origin": "EXTERNAL"}),
        Kind::Ecc => json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
        Kind::Agreement => json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}),
        Kind::Hmac => json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
    };
    let target = bench.create_key_with(input);
    let other = bench.create_key();
    let (mut token, mut wrapped) = (Value::Null, String::new());
    if kind == Kind::External {
        bench.import(&target.id, &[7; 32], json!({}));
        let parameters = bench.wrapped(&target.id, crate::testing_import::OAEP, &[7; 32]);
        (token, wrapped) = (parameters.token, parameters.material);
    }
    let blob = match kind {
        Kind::Ours | Kind::External => bench.encrypt(&target.id),
        _ => Value::Null,
    };
    let signature = match kind {
        Kind::Ecc => bench.ok("Sign", sign(&target.id))["Signature"].clone(),
        _ => Value::Null,
    };
    let mac = match kind {
        Kind::Hmac => bench.ok("GenerateMac", mac_of(&target.id))["Mac"].clone(),
        _ => Value::Null,
    };
    let grant = bench.ok("CreateGrant", grant_on(&target.id))["GrantId"].as_str().unwrap().to_owned();
    for name in ["gone", "moving"] {
        bench.ok("CreateAlias", json!({"AliasName": alias(name, &target.id), "TargetKeyId": target.id}));
    }
    Driven { bench, target, other, blob, signature, mac, grant, token, wrapped }
}

fn alias(name: &str, id: &str) -> String {
    format!("alias/{name}-{id}")
}

fn sign(id: &str) -> Value {
    json!({"KeyId": id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"})
}

fn mac_of(id: &str) -> Value {
    json!({"KeyId": id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"})
}

fn grant_on(id: &str) -> Value {
    json!({"KeyId": id, "GranteePrincipal": "arn:aws:iam::111122223333:root", "Operations": ["DescribeKey"]})
}

/// The kind of key and the request for an operation.
fn request(op: KeyOperation, d: &Driven) -> Value {
    use KeyOperation::*;
    let id = &d.target.id;
    let key = json!({"KeyId": id});
    let with = |more: Value| {
        let mut input = key.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let peer = || {
        crate::testing::b64(&{
            let spec = keys::KeySpec::EccNistP256;
            let pair = keys::generate_material(spec, &env::SimEntropy::new(3)).unwrap();
            keys::public_key_der(spec, &pair).unwrap()
        })
    };
    match op {
        CreateAlias => json!({"AliasName": alias("new", id), "TargetKeyId": id}),
        UpdateAlias => json!({"AliasName": alias("moving", id), "TargetKeyId": id}),
        DeleteAlias => json!({"AliasName": alias("gone", id)}),
        CreateGrant => grant_on(id),
        Decrypt => json!({"CiphertextBlob": d.blob}),
        Encrypt => with(json!({"Plaintext": "eA=="})),
        DeriveSharedSecret => with(json!({"KeyAgreementAlgorithm": "ECDH", "PublicKey": peer()})),
        GenerateDataKey | GenerateDataKeyWithoutPlaintext => with(json!({"KeySpec": "AES_256"})),
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => {
            with(json!({"KeyPairSpec": "ECC_NIST_P256"}))
        }
        GenerateMac => mac_of(id),
        VerifyMac => with(json!({"Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": d.mac})),
        Sign => sign(id),
        Verify => {
            with(json!({"Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": d.signature}))
        }
        GetKeyPolicy => with(json!({"PolicyName": "default"})),
        PutKeyPolicy => {
            let policy = d.bench.ok("GetKeyPolicy", key.clone())["Policy"].clone();
            with(json!({"Policy": policy}))
        }
        GetParametersForImport => {
            with(json!({"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}))
        }
        ImportKeyMaterial => with(json!({
            "ImportToken": d.token, "EncryptedKeyMaterial": d.wrapped,
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })),
        ReEncrypt => json!({"CiphertextBlob": d.blob, "DestinationKeyId": d.other.id}),
        ReplicateKey => with(json!({"ReplicaRegion": "eu-west-1"})),
        UpdatePrimaryRegion => with(json!({"PrimaryRegion": "eu-west-1"})),
        RetireGrant => json!({"KeyId": d.target.arn, "GrantId": d.grant}),
        RevokeGrant => with(json!({"GrantId": d.grant})),
        TagResource => with(json!({"Tags": [{"TagKey": "a", "TagValue": "b"}]})),
        UntagResource => with(json!({"TagKeys": ["a"]})),
        UpdateKeyDescription => with(json!({"Description": "new"})),
        _ => key,
    }
}

fn kind_of(op: KeyOperation) -> Kind {
    use KeyOperation::*;
    match op {
        DeleteImportedKeyMaterial | GetParametersForImport | ImportKeyMaterial => Kind::External,
        Sign | Verify | GetPublicKey => Kind::Ecc,
        GenerateMac | VerifyMac => Kind::Hmac,
        DeriveSharedSecret => Kind::Agreement,
        _ => Kind::Ours,
    }
}

/// Every operation that has a key and a state; multi-Region operations have tests of their own with keys that can do them.
const OPERATIONS: [KeyOperation; 41] = {
    use KeyOperation::*;
    [
        CancelKeyDeletion,
        CreateAlias,
        CreateGrant,
        Decrypt,
        DeleteAlias,
        DeleteImportedKeyMaterial,
        DeriveSharedSecret,
        DescribeKey,
        DisableKey,
        DisableKeyRotation,
        EnableKey,
        EnableKeyRotation,
        Encrypt,
        GenerateDataKey,
        GenerateDataKeyPair,
        GenerateDataKeyPairWithoutPlaintext,
        GenerateDataKeyWithoutPlaintext,
        GenerateMac,
        GetKeyPolicy,
        GetKeyRotationStatus,
        GetParametersForImport,
        GetPublicKey,
        ImportKeyMaterial,
        ListAliases,
        ListGrants,
        ListKeyPolicies,
        ListKeyRotations,
        ListResourceTags,
        PutKeyPolicy,
        ReEncrypt,
        RetireGrant,
        RevokeGrant,
        RotateKeyOnDemand,
        ScheduleKeyDeletion,
        Sign,
        TagResource,
        UntagResource,
        UpdateAlias,
        UpdateKeyDescription,
        Verify,
        VerifyMac,
    ]
};

/// Where the key's material comes from in a state: what awaits import is imported, what is unavailable is in a key store.
fn origin_in(kind: Kind, state: KeyState) -> KeyOrigin {
    match (kind, state) {
        (Kind::External, KeyState::Unavailable) => KeyOrigin::CloudHsm,
        (Kind::External, _) | (_, KeyState::PendingImport) => KeyOrigin::External,
        (_, KeyState::Unavailable) => KeyOrigin::CloudHsm,
        _ => KeyOrigin::AwsKms,
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_action_answers() {
    let bench = Bench::new();
    let mut cells = 0;
    for op in OPERATIONS {
        let name = format!("{op:?}");
        for state in KeyState::ALL {
            let kind = kind_of(op);
            let d = driven(&bench, kind);
            let origin = origin_in(kind, state);
            let input = request(op, &d);
            put_in(&bench, &d.target.id, state, origin);
            let (status, body) = bench.call_as(&bench.root(), &name, input);
            match key_state::check(op, state, origin) {
                Ok(()) if allowed_but_kept_from(op, origin) => {
                    assert_eq!(
                        body["__type"], "UnsupportedOperationException",
                        "{name} in {state:?}: {body}"
                    );
                }
                Ok(()) => assert_eq!(status, 200, "{name} in {state:?}: {body}"),
                Err(no) => {
                    let refusal = no.refusal(&d.target.arn);
                    assert_eq!(body["__type"], json!(refusal.code), "{name} in {state:?}: {body}");
                    assert_eq!(body["message"], json!(refusal.message), "{name} in {state:?}");
                }
            }
            cells += 1;
        }
    }
    assert_eq!(cells, 41 * 8);
}

/// The state allows it, and keys of key stores have it all the same not: ListKeyRotations.
fn allowed_but_kept_from(op: KeyOperation, origin: KeyOrigin) -> bool {
    op == KeyOperation::ListKeyRotations && origin == KeyOrigin::CloudHsm
}
