//! What Sign and Verify share: which algorithm over what, and whether the key does that.
//! Source: KMS API Reference, Sign and Verify; messages recorded of AWS.

use crate::material;
use crate::rows::Key;
use crate::usage::{self, KeyUsage};
use api::{Answer, Cx};
use base::Refusal;
use keys::{MU_BYTES, Message, Secret, SigningAlgorithm};
use serde_json::{Value, json};

/// What `MessageType` is when the request leaves it out.
const RAW: &str = "RAW";

/// The message type that a request means.
pub fn message_type(asked: &Option<String>) -> &str {
    asked.as_deref().unwrap_or(RAW)
}

/// A request that its key can do.
pub struct Signing {
    pub algorithm: SigningAlgorithm,
    pub material: Secret,
}

/// Checks key, algorithm and message against each other and opens the key's material.
pub fn prepare(
    cx: &mut Cx,
    key: &Key,
    algorithm: &str,
    message: Message,
    operation: &str,
) -> Answer<Signing> {
    usage::require(key, KeyUsage::SignVerify, operation)?;
    let known = SigningAlgorithm::parse(algorithm).filter(|algorithm| algorithm.fits(key.spec));
    let algorithm = known.ok_or_else(|| usage::incompatible(algorithm, key.spec))?;
    check_message(algorithm, message)?;
    let (material_id, material) = material::current(cx, key)?;
    crate::crypto::note_material(cx, &material_id);
    Ok(Signing { algorithm, material })
}

/// A request's message as its type says.
pub fn message<'a>(message_type: &str, bytes: &'a [u8]) -> Message<'a> {
    match message_type {
        "DIGEST" => Message::Digest(bytes),
        "EXTERNAL_MU" => Message::ExternalMu(bytes),
        _ => Message::Raw(bytes),
    }
}

/// Refuses a message type that the algorithm does not take, and a digest of another length than the algorithm's.
fn check_message(algorithm: SigningAlgorithm, message: Message) -> Result<(), Refusal> {
    let name = algorithm.name();
    let wrong_type = |message_type: &str| {
        validation(format!("MessageType {message_type} is not compatible with SigningAlgorithm {name}."))
    };
    match message {
        Message::Raw(_) if algorithm.takes_raw() => Ok(()),
        Message::Raw(_) => Err(wrong_type(RAW)),
        Message::Digest(digest) => match algorithm.digest_bytes() {
            None => Err(wrong_type("DIGEST")),
            Some(bytes) if bytes == digest.len() => Ok(()),
            Some(_) => Err(validation(format!("Digest is invalid length for algorithm {name}."))),
        },
        Message::ExternalMu(_) if !algorithm.takes_external_mu() => Err(wrong_type("EXTERNAL_MU")),
        Message::ExternalMu(mu) if mu.len() != MU_BYTES => {
            Err(validation(format!("EXTERNAL_MU is invalid length for algorithm {name}.")))
        }
        Message::ExternalMu(_) => Ok(()),
    }
}

fn validation(message: String) -> Refusal {
    Refusal::new("ValidationException", message)
}

/// `requestParameters`: the message type that was meant, and no grant tokens.
pub fn shown_parameters(parameters: Value) -> Value {
    let mut shown = crate::crypto::shown_parameters(parameters, &[]);
    if let Some(map) = shown.as_object_mut() {
        map.entry("messageType").or_insert_with(|| json!(RAW));
    }
    shown
}
