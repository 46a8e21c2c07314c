//! Key material on its way into a test's keys, as its owner would bring it.

use crate::testing::{Bench, b64, unb64};
use env::SimEntropy;
use keys::import::WrappingAlgorithm;
use serde_json::{Value, json};

pub const OAEP: &str = "RSAES_OAEP_SHA_256";
pub const AES_KEY_WRAP: &str = "RSA_AES_KEY_WRAP_SHA_256";

/// Material wrapped for one key.
pub struct Wrapped {
    pub token: Value,
    pub material: String,
}

impl Bench {
    /// A symmetric key without material.
    pub fn external(&self) -> crate::testing::Made {
        self.create_key_with(json!({"Origin": "EXTERNAL"}))
    }

    /// Asks for parameters and wraps `material` with them.
    pub fn wrapped(&self, key_id: &str, algorithm: &str, material: &[u8]) -> Wrapped {
        let input = json!({"KeyId": key_id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"});
        let parameters = self.ok("GetParametersForImport", input);
        let algorithm = WrappingAlgorithm::parse(algorithm).unwrap();
        let public = unb64(&parameters["PublicKey"]);
        let sealed = keys::import::wrap(algorithm, &public, material, &SimEntropy::new(9)).unwrap();
        Wrapped { token: parameters["ImportToken"].clone(), material: b64(&sealed) }
    }

    /// The request that imports `material`, for ever unless `more` says otherwise.
    pub fn import_input(&self, key_id: &str, material: &[u8], more: Value) -> Value {
        let symmetric = material.len() <= 64;
        let wrapped = self.wrapped(key_id, if symmetric { OAEP } else { AES_KEY_WRAP }, material);
        let mut input = json!({
            "KeyId": key_id,
            "ImportToken": wrapped.token,
            "EncryptedKeyMaterial": wrapped.material,
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    }

    /// Imports; returns the material's id.
    pub fn import(&self, key_id: &str, material: &[u8], more: Value) -> String {
        let input = self.import_input(key_id, material, more);
        crate::testing::text(&self.ok("ImportKeyMaterial", input)["KeyMaterialId"])
    }

    /// `KeyMetadata` of a key.
    pub fn metadata(&self, key_id: &str) -> Value {
        self.ok("DescribeKey", json!({"KeyId": key_id}))["KeyMetadata"].clone()
    }

    /// `ValidTo` so many seconds from now, as requests and answers write it.
    pub fn in_seconds(&self, seconds: i64) -> Value {
        json!((self.door.env.clock.now().secs() + seconds) as f64)
    }

    /// A ciphertext under the key.
    pub fn encrypt(&self, key_id: &str) -> Value {
        self.ok("Encrypt", json!({"KeyId": key_id, "Plaintext": "eA=="}))["CiphertextBlob"].clone()
    }

    /// Whether the ciphertext opens.
    pub fn decrypts(&self, blob: &Value) -> bool {
        let (status, body) = self.call_as(&self.root(), "Decrypt", json!({"CiphertextBlob": blob}));
        status == 200 && body["Plaintext"] == "eA=="
    }
}
