//! Encryption and decryption under a KMS key, shared by the cryptographic actions.

use crate::access::{self, Asks};
use crate::material;
use crate::rows::Key;
use crate::usage::{self, KeyUsage};
use api::{Answer, Cx, Failure};
use base::{Fault, Refusal};
use keys::{KeySpec, KeysError, Oaep, Secret, wrap};
use rules::key_access::Context;
use serde_json::{Value, json};

/// Bytes that the names and values of an encryption context may have together.
const CONTEXT_BYTES_MAX: usize = 8192;

/// `EncryptionAlgorithm` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Symmetric,
    Rsa(Oaep),
    /// offered in AWS's China Regions only; no key of ours fits it
    Sm2,
}

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Symmetric => "SYMMETRIC_DEFAULT",
            Algorithm::Rsa(oaep) => oaep.name(),
            Algorithm::Sm2 => "SM2PKE",
        }
    }

    /// Reads a request's algorithm; the default is the symmetric one. The wire has checked that the name is one of AWS's.
    pub fn asked(name: Option<&str>) -> Algorithm {
        match name {
            None | Some("SYMMETRIC_DEFAULT") => Algorithm::Symmetric,
            Some(name) => Oaep::parse(name).map_or(Algorithm::Sm2, Algorithm::Rsa),
        }
    }

    /// Refuses a key that is not for encryption, or is of another kind than the algorithm.
    pub fn check(self, key: &Key, operation: &str) -> Result<(), Refusal> {
        usage::require(key, KeyUsage::EncryptDecrypt, operation)?;
        let fits = match self {
            Algorithm::Symmetric => key.is_symmetric(),
            Algorithm::Rsa(oaep) => oaep.plaintext_bytes_max(key.spec).is_some(),
            Algorithm::Sm2 => false,
        };
        if fits { Ok(()) } else { Err(usage::incompatible(self.name(), key.spec)) }
    }
}

/// A plaintext and the material that opened it.
pub struct Opened {
    pub plaintext: Secret,
    pub material_id: String,
}

/// A ciphertext and the material that made it.
pub struct Sealed {
    pub ciphertext: Vec<u8>,
    pub material_id: String,
}

/// Refuses an encryption context that is too big, or one for RSA, which has no place for it.
pub fn check_context(algorithm: Algorithm, context: &Context) -> Result<(), Refusal> {
    let bytes: usize = context.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > CONTEXT_BYTES_MAX {
        return Err(Refusal::new(
            "ValidationException",
            format!("The encryption context exceeds the maximum size of {CONTEXT_BYTES_MAX} bytes."),
        ));
    }
    if algorithm != Algorithm::Symmetric && !context.is_empty() {
        return Err(Refusal::new(
            "ValidationException",
            "An encryption context is valid only for symmetric encryption KMS keys.",
        ));
    }
    Ok(())
}

/// Encrypts under the key's current material.
pub fn encrypt(
    cx: &mut Cx,
    key: &Key,
    algorithm: Algorithm,
    context: &Context,
    plaintext: &[u8],
    operation: &str,
) -> Answer<Sealed> {
    algorithm.check(key, operation)?;
    check_context(algorithm, context)?;
    let (material_id, secret) = material::current(cx, key)?;
    let entropy = &*cx.door.env.entropy;
    let ciphertext = match algorithm {
        Algorithm::Rsa(oaep) => {
            let longest = oaep.plaintext_bytes_max(key.spec).unwrap_or(0);
            if plaintext.len() > longest {
                return Err(too_long(algorithm, key.spec, longest).into());
            }
            oaep.encrypt(key.spec, &secret, plaintext)
        }
        _ => wrap::encrypt(&secret, &key.key_id, &material_id, context, plaintext, entropy),
    };
    let ciphertext = ciphertext.map_err(|e| Fault::caused(format!("encrypting under {}", key.arn()), e))?;
    Ok(Sealed { ciphertext, material_id })
}

fn too_long(algorithm: Algorithm, spec: KeySpec, longest: usize) -> Refusal {
    let name = algorithm.name();
    Refusal::new(
        "ValidationException",
        format!("Algorithm {name} and key spec {spec} cannot encrypt data larger than {longest} bytes."),
    )
}

/// Decrypts. A ciphertext that does not open is refused without a message, as AWS does; the reason goes to the trail.
pub fn decrypt(
    cx: &mut Cx,
    key: &Key,
    algorithm: Algorithm,
    context: &Context,
    ciphertext: &[u8],
    operation: &str,
) -> Answer<Opened> {
    algorithm.check(key, operation)?;
    check_context(algorithm, context)?;
    let (material_id, opened) = match algorithm {
        Algorithm::Rsa(oaep) => {
            let (id, secret) = material::current(cx, key)?;
            (id, oaep.decrypt(key.spec, &secret, ciphertext))
        }
        _ => {
            let header = wrap::parse(ciphertext).map_err(does_not_open)?;
            let Some(secret) = material::open(cx, key, &header.material_id)? else {
                return Err(invalid_ciphertext("it names key material that the key does not have").into());
            };
            (header.material_id, wrap::decrypt(&secret, ciphertext, context))
        }
    };
    Ok(Opened { plaintext: opened.map_err(does_not_open)?, material_id })
}

fn does_not_open(error: KeysError) -> Failure {
    match error {
        KeysError::Malformed(_) => invalid_ciphertext("it is not a ciphertext blob of this server").into(),
        KeysError::DoesNotOpen(_) | KeysError::Length(_) => invalid_ciphertext(
            "it is damaged, or the encryption context differs from the one it was encrypted with (names and values count, \
             their case too)",
        )
        .into(),
        other => Fault::caused("decrypting", other).into(),
    }
}

fn invalid_ciphertext(reason: &str) -> Refusal {
    Refusal::new("InvalidCiphertextException", "").because(format!("the ciphertext does not open: {reason}"))
}

/// The key of a ciphertext to decrypt. Symmetric: the blob names it, and a `KeyId` in the request must mean the same key.
/// RSA: the request names it. Checks that the caller may do `operation`.
pub fn key_of(
    cx: &mut Cx,
    ciphertext: &[u8],
    named: Option<&str>,
    algorithm: Algorithm,
    operation: &'static str,
    asks: &Asks,
) -> Answer<Key> {
    let accepts = crate::find::Accepts::KeyOrAlias;
    let named = match named {
        Some(name) => Some(access::key(cx, name, accepts, operation, asks)?),
        None => None,
    };
    if algorithm != Algorithm::Symmetric {
        let missing = || Refusal::new("ValidationException", "KeyId is required for asymmetric decryption.");
        return Ok(named.ok_or_else(missing)?);
    }
    if let Some(key) = named.as_ref().filter(|key| !key.is_symmetric()) {
        algorithm.check(key, operation)?;
    }
    let header = wrap::parse(ciphertext).map_err(does_not_open)?;
    match named {
        Some(key) if key.key_id == header.key_id => Ok(key),
        // Whether the key that the blob names is there does not matter, so it is not looked for.
        Some(key) => Err(incorrect_key(&key).into()),
        None => key_of_blob(cx, &header.key_id, operation, asks),
    }
}

/// The id of the key that a symmetric ciphertext names, if it is one.
pub fn key_id_of(ciphertext: &[u8]) -> Option<String> {
    wrap::parse(ciphertext).ok().map(|header| header.key_id)
}

/// The key that a blob names, if the caller may do `operation` with it.
fn key_of_blob(cx: &mut Cx, key_id: &str, operation: &'static str, asks: &Asks) -> Answer<Key> {
    if !crate::find::is_key_id(key_id) {
        return Err(invalid_ciphertext("it names no key").into());
    }
    if let Some(key) = crate::find::existing(cx, key_id)? {
        access::to_key(cx, &key, operation, asks)?;
        return Ok(key);
    }
    let Some(key) = crate::find::in_any_account(cx, key_id)? else {
        return Err(ciphertext_of_nobody(cx, operation).into());
    };
    match access::asked(cx, &key, operation, asks)? {
        Ok(_) => {
            access::touch(cx, &key);
            Ok(key)
        }
        // Who has the right from the key's side is told what is missing on its own; a service of ours always.
        Err(denied) if !denied.hides_key => Err(denied.refusal().into()),
        Err(_) => Err(ciphertext_of_nobody(cx, operation).into()),
    }
}

/// The answer to a ciphertext whose key is in another account and not for the caller, in another Region, or nowhere: always the
/// same, so that it does not tell which. The words are AWS's, as public reports show them.
fn ciphertext_of_nobody(cx: &Cx, operation: &str) -> Refusal {
    let (caller, account) = (cx.caller.arn(), cx.account());
    Refusal::new(
        "AccessDeniedException",
        format!(
            "User: {caller} is not authorized to perform: kms:{operation} on the resource associated with this ciphertext because \
             the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy \
             explicitly denies access"
        ),
    )
    .because(format!(
        "the ciphertext names a key that is not in this Region, or is another account's and neither its key policy nor a grant \
         lets account {account} do kms:{operation} with this encryption context"
    ))
}

fn incorrect_key(key: &Key) -> Refusal {
    Refusal::new(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )
    .because(format!("the ciphertext was not encrypted under {}", key.arn()))
}

/// Refuses answers sealed to a Nitro enclave, which nobody here could open.
pub fn no_recipient<T>(recipient: &Option<T>) -> Result<(), Refusal> {
    if recipient.is_none() {
        return Ok(());
    }
    let message =
        "Answers encrypted to the attestation document of an enclave are not offered by this server.";
    Err(Refusal::new("UnsupportedOperationException", message))
}

/// Notes in the trail record which material was used.
pub fn note_material(cx: &mut Cx, material_id: &str) {
    cx.trail.additional.insert("keyMaterialId".into(), json!(material_id));
}

/// `requestParameters` of cryptographic calls: the algorithms that were meant are written even if the caller left them out,
/// and grant tokens are left out.
pub fn shown_parameters(mut parameters: Value, algorithms: &[&str]) -> Value {
    if let Some(map) = parameters.as_object_mut() {
        map.remove("grantTokens");
        for member in algorithms {
            map.entry(*member).or_insert_with(|| json!(Algorithm::Symmetric.name()));
        }
    }
    parameters
}
