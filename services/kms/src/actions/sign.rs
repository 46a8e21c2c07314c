//! Sign: a digital signature with the private key of an asymmetric key for signing. Needs an enabled key.
//!
//! Needs `kms:Sign` on the key. The message is at most 4,096 bytes; longer ones are signed by their digest (`MessageType`
//! DIGEST). Source: KMS API Reference, Sign.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::{grants, signing};
use api::{Action, Answer, Cx};
use base::Fault;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{Sign as Op, SignInput, SignOutput};
use wire::{Blob, Input};

pub struct Sign;

impl Action for Sign {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:Sign";
    const KEYS: &'static [&'static str] = &["kms:SigningAlgorithm", "kms:MessageType", "kms:RequestAlias"];

    fn authorise(cx: &mut Cx, input: &SignInput) -> Answer<()> {
        let asks = Asks::nothing()
            .with("kms:SigningAlgorithm", &input.signing_algorithm)
            .with("kms:MessageType", signing::message_type(&input.message_type));
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "Sign", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: SignInput) -> Answer<SignOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::Sign)?;
        let message = signing::message(signing::message_type(&input.message_type), input.message.expose());
        let signing = signing::prepare(cx, &key, &input.signing_algorithm, message, "Sign")?;
        let signature = signing
            .algorithm
            .sign(key.spec, &signing.material, message)
            .map_err(|e| Fault::caused(format!("signing with {}", key.arn()), e))?;
        Ok(SignOutput {
            key_id: Some(key.arn()),
            signature: Some(Blob(signature)),
            signing_algorithm: Some(signing.algorithm.name().to_owned()),
        })
    }

    fn request_parameters(input: &SignInput) -> Value {
        signing::shown_parameters(input.trail())
    }
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
