//! Random mutations of everything opaque that callers hand back: none is taken for good, and each is refused with the exception
//! that AWS documents for it. (`keys` has a thousand more of each kind that is its own.)

use crate::testing::{Bench, b64, text, unb64};
use env::{Entropy, SimEntropy};
use keys::import::{WrappingAlgorithm, wrap};
use serde_json::{Value, json};

/// Other bytes: a bit turned, a byte changed, cut, grown, or pieces exchanged.
fn mutated(good: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    loop {
        let mut draw = [0; 8];
        entropy.fill(&mut draw);
        let at = usize::from(u16::from_le_bytes([draw[0], draw[1]])) % good.len();
        let other = usize::from(u16::from_le_bytes([draw[2], draw[3]])) % good.len();
        let mut bad = good.to_vec();
        match draw[4] % 5 {
            0 => bad[at] ^= 1 << (draw[5] % 8),
            1 => bad[at] = draw[5],
            2 => bad.truncate(at.max(1)),
            3 => bad.insert(at, draw[5]),
            _ => bad.swap(at, other),
        }
        if bad != good {
            return bad;
        }
    }
}

/// Calls with `rounds` mutations of `good` and checks that each is refused with one of `codes`.
fn all_refused(
    bench: &Bench,
    rounds: usize,
    operation: &str,
    good: &[u8],
    input: impl Fn(&[u8]) -> Value,
    codes: &[&str],
) {
    let entropy = SimEntropy::new(11);
    for round in 0..rounds {
        let bad = mutated(good, &entropy);
        let (status, body) = bench.call_as(&bench.root(), operation, input(&bad));
        let code = body["__type"].as_str().unwrap_or_default();
        assert!(status == 400 && codes.contains(&code), "{operation} round {round}: {status} {body}");
    }
}

#[test]
fn ciphertext_blobs() {
    let bench = Bench::new();
    let key = bench.create_key();
    let made = bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": b64(b"plain")}));
    let good = unb64(&made["CiphertextBlob"]);
    // A blob that names another key might be another account's: AWS answers those so.
    let unnamed = |blob: &[u8]| json!({"CiphertextBlob": b64(blob)});
    all_refused(
        &bench,
        500,
        "Decrypt",
        &good,
        unnamed,
        &["InvalidCiphertextException", "AccessDeniedException"],
    );
    let named = |blob: &[u8]| json!({"CiphertextBlob": b64(blob), "KeyId": key.id});
    all_refused(
        &bench,
        500,
        "Decrypt",
        &good,
        named,
        &["InvalidCiphertextException", "IncorrectKeyException"],
    );
}

#[test]
fn rsa_ciphertexts() {
    let bench = Bench::new();
    let key = bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
    let algorithm = "RSAES_OAEP_SHA_256";
    let input = json!({"KeyId": key.id, "Plaintext": b64(b"plain"), "EncryptionAlgorithm": algorithm});
    let good = unb64(&bench.ok("Encrypt", input)["CiphertextBlob"]);
    let input =
        |blob: &[u8]| json!({"CiphertextBlob": b64(blob), "KeyId": key.id, "EncryptionAlgorithm": algorithm});
    all_refused(&bench, 100, "Decrypt", &good, input, &["InvalidCiphertextException"]);
}

#[test]
fn signatures_and_macs() {
    let bench = Bench::new();
    for (spec, algorithm) in [
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512"),
    ] {
        let key = bench.create_key_with(json!({"KeySpec": spec, "KeyUsage": "SIGN_VERIFY"}));
        let call = json!({"KeyId": key.id, "Message": b64(b"message"), "SigningAlgorithm": algorithm});
        let good = unb64(&bench.ok("Sign", call.clone())["Signature"]);
        let input = |signature: &[u8]| {
            let mut call = call.clone();
            call["Signature"] = json!(b64(signature));
            call
        };
        all_refused(&bench, 100, "Verify", &good, input, &["KMSInvalidSignatureException"]);
    }
    let key = bench.create_key_with(json!({"KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC"}));
    let call = json!({"KeyId": key.id, "Message": b64(b"message"), "MacAlgorithm": "HMAC_SHA_384"});
    let good = unb64(&bench.ok("GenerateMac", call.clone())["Mac"]);
    let input = |mac: &[u8]| {
        let mut call = call.clone();
        call["Mac"] = json!(b64(mac));
        call
    };
    all_refused(&bench, 100, "VerifyMac", &good, input, &["KMSInvalidMacException"]);
}

#[test]
fn import_tokens_and_wrapped_material() {
    let bench = Bench::new();
    let key = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
    let algorithm = WrappingAlgorithm::OaepSha256;
    let asked =
        json!({"KeyId": key.id, "WrappingAlgorithm": algorithm.name(), "WrappingKeySpec": "RSA_2048"});
    let given = bench.ok("GetParametersForImport", asked);
    let wrapped = wrap(algorithm, &unb64(&given["PublicKey"]), &[7; 32], &SimEntropy::new(1)).unwrap();
    let token = unb64(&given["ImportToken"]);
    let input = |token: &[u8], wrapped: &[u8]| {
        json!({
            "KeyId": key.id, "ImportToken": b64(token), "EncryptedKeyMaterial": b64(wrapped),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    };
    let with_token = |token: &[u8]| input(token, &wrapped);
    all_refused(&bench, 300, "ImportKeyMaterial", &token, with_token, &["InvalidImportTokenException"]);
    let with_material = |wrapped: &[u8]| input(&token, wrapped);
    all_refused(&bench, 100, "ImportKeyMaterial", &wrapped, with_material, &["InvalidCiphertextException"]);
    bench.ok("ImportKeyMaterial", input(&token, &wrapped));
}

#[test]
fn grant_tokens() {
    let bench = Bench::new();
    let key = bench.create_key();
    let (_, token) = bench.grant_to_session(&key.id);
    let good = unb64(&json!(token));
    let input = |token: &[u8]| json!({"KeyId": key.id, "Plaintext": "eA==", "GrantTokens": [b64(token)]});
    all_refused(&bench, 300, "Encrypt", &good, input, &["InvalidGrantTokenException"]);
    let answer = bench.ok("Encrypt", input(&good));
    assert_eq!(text(&answer["KeyId"]), key.arn);
}
