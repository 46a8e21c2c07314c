//! ImportKeyMaterial: brings a key of Origin EXTERNAL its material: the first, the same again (deleted, expired, or with another
//! expiry), or for symmetric keys a new one that waits for RotateKeyOnDemand.
//!
//! States: PendingImport → Enabled once all material that the key ever used is there; Enabled and Disabled stay. Needs
//! `kms:ImportKeyMaterial` on the key. Source: KMS API Reference, ImportKeyMaterial; KMS Developer Guide, "Importing key material"
//! and "Multi-Region keys with imported key material".

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rows::{Key, KeyMaterial};
use crate::{import, material};
use api::{Action, Answer, Cx, InputOf};
use base::{Refusal, Timestamp};
use keys::{KeysError, Secret};
use rules::key_state::{self, KeyChange, KeyOperation};
use serde_json::Value;
use std::time::Duration;
use wire::Input;
use wire::generated::kms::{ImportKeyMaterial as Op, ImportKeyMaterialInput, ImportKeyMaterialOutput};

const EXPIRES: &str = "KEY_MATERIAL_EXPIRES";
const NEW: &str = "NEW_KEY_MATERIAL";
/// Farthest `ValidTo`.
const VALID_MAX: Duration = Duration::from_secs(365 * 86_400);

pub struct ImportKeyMaterial;

impl Action for ImportKeyMaterial {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:ImportKeyMaterial";

    fn check(input: &ImportKeyMaterialInput) -> Result<(), Refusal> {
        match (expires(input), input.valid_to) {
            (true, None) => {
                return Err(validation(
                    "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
                ));
            }
            (false, Some(_)) => {
                return Err(validation(
                    "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
                ));
            }
            _ => {}
        }
        if input.key_material_id.is_some() && input.import_type.as_deref() == Some(NEW) {
            return Err(validation(
                "A key material ID must not be specified if the ImportType is NEW_KEY_MATERIAL",
            ));
        }
        Ok(())
    }

    fn authorise(cx: &mut Cx, input: &ImportKeyMaterialInput) -> Answer<()> {
        let model = if expires(input) { EXPIRES } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
        let asks = Asks::nothing()
            .with("kms:ExpirationModel", model)
            .with_some("kms:ValidTo", input.valid_to.map(api::trail::iso_seconds));
        access::key(cx, &input.key_id, Accepts::Key, "ImportKeyMaterial", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: ImportKeyMaterialInput) -> Answer<ImportKeyMaterialOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::ImportKeyMaterial)?;
        check_valid_to(input.valid_to, cx.now())?;
        check_members_of_symmetric_keys(&key, &input)?;
        let secret = unwrapped(cx, &key, &input)?;
        let material_id = keys::material_id(&key.key_id, &secret);
        let known = material::all(cx.tx, &key)?;
        let earlier = known.iter().find(|row| row.material_id == material_id);
        check_expected(&key, &known, earlier, &material_id, &input)?;
        let now = cx.now();
        let mut row = material::sealed(cx.door, &key.account, &key.region, &key.key_id, &secret, now)?;
        match earlier {
            Some(earlier) => {
                (row.created, row.rotated) = (earlier.created, earlier.rotated);
                (row.pending_rotation, row.description) =
                    (earlier.pending_rotation, earlier.description.clone());
            }
            None => place_new(cx, &key, &known, &mut row)?,
        }
        row.valid_to = input.valid_to;
        row.description = input.key_material_description.or(row.description);
        cx.tx.put(&row)?;
        if key.material_id.is_none() && !row.pending_rotation {
            key.material_id = Some(material_id.clone());
        }
        let complete = material::survey(cx.tx, &mut key, now)?;
        key.state = key_state::after(KeyChange::Import { complete }, key.state, key.origin)
            .map_err(|no| no.refusal(&key.arn()))?;
        cx.tx.put(&key)?;
        Ok(ImportKeyMaterialOutput { key_id: Some(key.arn()), key_material_id: Some(material_id) })
    }

    /// Neither the token nor the wrapped material.
    fn request_parameters(input: &InputOf<Self>) -> Value {
        let mut shown = input.trail();
        if let Some(members) = shown.as_object_mut() {
            members.remove("importToken");
            members.remove("encryptedKeyMaterial");
        }
        shown
    }
}

fn expires(input: &ImportKeyMaterialInput) -> bool {
    input.expiration_model.as_deref().unwrap_or(EXPIRES) == EXPIRES
}

fn check_valid_to(valid_to: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match valid_to {
        Some(at) if at <= now => Err(validation("ValidTo must be in the future.")),
        Some(at) if at > now.plus(VALID_MAX) => {
            Err(validation("ValidTo must be at most 365 days from the time of the request."))
        }
        _ => Ok(()),
    }
}

/// Only symmetric keys have several materials, with types and descriptions.
fn check_members_of_symmetric_keys(key: &Key, input: &ImportKeyMaterialInput) -> Result<(), Refusal> {
    let members = [
        ("ImportType", input.import_type.is_some()),
        ("KeyMaterialDescription", input.key_material_description.is_some()),
        ("KeyMaterialId", input.key_material_id.is_some()),
    ];
    match members.into_iter().find(|(_, given)| *given && !key.is_symmetric()) {
        Some((member, _)) => {
            Err(validation(format!("{member} is valid only for symmetric encryption KMS keys.")))
        }
        None => Ok(()),
    }
}

/// The material, if the token is good, opens it, and it fits the key.
fn unwrapped(cx: &mut Cx, key: &Key, input: &ImportKeyMaterialInput) -> Answer<Secret> {
    let token = import::open_token(cx, key, &input.import_token.0)?;
    let wrapped = &input.encrypted_key_material.0;
    let secret = keys::import::unwrap(token.algorithm, &token.private, wrapped).map_err(|_| {
        Refusal::new("InvalidCiphertextException", "").because(format!(
            "the key material does not open with the wrapping key of the token and {}",
            token.algorithm.name()
        ))
    })?;
    Ok(keys::import::parse_material(key.spec, &secret).map_err(|error| match error {
        KeysError::Length(bytes) => {
            incorrect(format!("{bytes} bytes are no key material for a KMS key with key spec {}.", key.spec))
        }
        _ => incorrect(format!(
            "The key material is not a PKCS#8 private key for a KMS key with key spec {}.",
            key.spec
        )),
    })?)
}

/// Refuses material that is not the one that the request, or a key that has some, calls for.
fn check_expected(
    key: &Key,
    known: &[KeyMaterial],
    earlier: Option<&KeyMaterial>,
    material_id: &str,
    input: &ImportKeyMaterialInput,
) -> Result<(), Refusal> {
    if input.key_material_id.as_deref().is_some_and(|named| named != material_id) {
        return Err(incorrect(
            "The key material in the request is not the one that KeyMaterialId identifies.",
        ));
    }
    let new = match input.import_type.as_deref() {
        Some(name) => name == NEW,
        // The first import is of new material, every later one of the same, unless told otherwise.
        None => known.is_empty(),
    };
    match (new, earlier) {
        (true, Some(_)) => Err(incorrect(format!(
            "The key material (id: {material_id}) is already associated with KMS key {}.",
            key.key_id
        ))),
        (false, None) => Err(incorrect(
            "The key material in the request is not the key material that was previously imported into this KMS key.",
        )),
        _ => Ok(()),
    }
}

/// New material: a key's first is its current one, every other waits. A replica takes only what its primary has.
fn place_new(cx: &mut Cx, key: &Key, known: &[KeyMaterial], row: &mut KeyMaterial) -> Answer<()> {
    if !material::is_primary(cx.tx, key)? {
        return follow_primary(cx, key, row);
    }
    if let Some(pending) = known.iter().find(|other| other.pending_rotation) {
        return Err(Refusal::new(
            "KMSInvalidStateException",
            format!(
                "New key material (id: {}) cannot be imported into KMS key {}, because another key material (id: {}) is pending \
                 rotation.",
                row.material_id, key.key_id, pending.material_id
            ),
        )
        .into());
    }
    row.pending_rotation = !known.is_empty();
    Ok(())
}

fn follow_primary(cx: &mut Cx, key: &Key, row: &mut KeyMaterial) -> Answer<()> {
    let mut relatives = material::relatives(cx.tx, key)?;
    let primary = material::family(cx.tx, key)?.map(|family| family.primary);
    relatives.retain(|relative| Some(&relative.region) == primary.as_ref());
    let theirs = match relatives.first() {
        Some(primary) => material::row(cx.tx, primary, &row.material_id)?,
        None => None,
    };
    let Some(theirs) = theirs else {
        let message = "The key material in the request is not associated with the multi-Region primary key.";
        return Err(incorrect(message).into());
    };
    (row.rotated, row.pending_rotation) = (theirs.rotated, theirs.pending_rotation);
    Ok(())
}

fn incorrect(message: impl Into<String>) -> Refusal {
    Refusal::new("IncorrectKeyMaterialException", message)
}

fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
