//! GetParametersForImport: a wrapping key for material on its way to us, and the token that brings it back. Good for 24 hours and
//! for this key; nothing is stored.
//!
//! Any state of a key of Origin EXTERNAL but pending deletion. Needs `kms:GetParametersForImport` on the key. Not offered:
//! RSAES_PKCS1_V1_5, which AWS withdrew in October 2023, and SM2, which is for its China Regions.
//! Source: KMS API Reference, GetParametersForImport.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::import;
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use keys::KeySpec;
use keys::import::WrappingAlgorithm;
use rules::key_state::KeyOperation;
use wire::generated::kms::{
    GetParametersForImport as Op, GetParametersForImportInput, GetParametersForImportOutput,
};
use wire::{Blob, SecretBlob};

pub struct GetParametersForImport;

impl Action for GetParametersForImport {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GetParametersForImport";

    fn authorise(cx: &mut Cx, input: &GetParametersForImportInput) -> Answer<()> {
        let asks = Asks::nothing()
            .with("kms:WrappingAlgorithm", &input.wrapping_algorithm)
            .with("kms:WrappingKeySpec", &input.wrapping_key_spec);
        access::key(cx, &input.key_id, Accepts::Key, "GetParametersForImport", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: GetParametersForImportInput) -> Answer<GetParametersForImportOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::GetParametersForImport)?;
        let algorithm = WrappingAlgorithm::parse(&input.wrapping_algorithm)
            .ok_or_else(|| not_offered("Wrapping algorithm", &input.wrapping_algorithm))?;
        let wrapping = KeySpec::parse(&input.wrapping_key_spec)
            .filter(|spec| matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096))
            .ok_or_else(|| not_offered("Wrapping key spec", &input.wrapping_key_spec))?;
        if !algorithm.fits(wrapping, key.spec) {
            let (name, spec) = (algorithm.name(), key.spec);
            return Err(unsupported(format!(
                "Wrapping algorithm {name} with wrapping key spec {wrapping} is not valid for key material of key spec {spec}."
            ))
            .into());
        }
        let pair = keys::import::wrapping_pair(wrapping, &*cx.door.env.entropy)
            .map_err(|e| Fault::caused("making a wrapping key", e))?;
        let expires = cx.now().plus(import::TOKEN_VALID);
        let token = import::token(cx, &key, algorithm, &pair.private, expires)?;
        Ok(GetParametersForImportOutput {
            key_id: Some(key.arn()),
            import_token: Some(Blob(token)),
            public_key: Some(SecretBlob::new(pair.public)),
            parameters_valid_to: Some(expires),
        })
    }
}

fn not_offered(what: &str, name: &str) -> Refusal {
    unsupported(format!("{what} {name} is not supported."))
}

fn unsupported(message: String) -> Refusal {
    Refusal::new("UnsupportedOperationException", message)
}
