//! Key material at rest and for the length of one call. Nothing here is kept: each call opens what it needs through the seal
//! and the secret is wiped when the call ends.

use crate::SealHandle;
use crate::rows::{Key, KeyMaterial};
use api::{Answer, Cx};
use base::Fault;
use keys::{KeySpec, Purpose, Secret};

/// Makes and stores the material of a new key; returns its id.
pub fn create(cx: &mut Cx, key_id: &str, spec: KeySpec) -> Answer<String> {
    let seal = cx.dependency::<SealHandle>()?;
    let secret = keys::generate_material(spec, &*cx.door.env.entropy)
        .map_err(|e| Fault::caused("making key material", e))?;
    let material_id = keys::material_id(key_id, &secret);
    let sealed = seal
        .0
        .wrap(Purpose::KeyMaterial, &seal_id(key_id, &material_id), &secret)
        .map_err(|e| Fault::caused("sealing key material", e))?;
    cx.tx.append(&KeyMaterial {
        account: cx.account().clone(),
        region: cx.region().clone(),
        key_id: key_id.to_owned(),
        material_id: material_id.clone(),
        created: cx.now(),
        rotated: None,
        pending_rotation: false,
        valid_to: None,
        description: None,
        sealed,
    })?;
    Ok(material_id)
}

/// Opens one material of a key; `None` if the key never had it.
pub fn open(cx: &mut Cx, key: &Key, material_id: &str) -> Answer<Option<Secret>> {
    let Some(row) = cx.tx.get::<KeyMaterial>(&format!("{}{material_id}", key.prefix()))? else {
        return Ok(None);
    };
    let seal = cx.dependency::<SealHandle>()?;
    let id = seal_id(&key.key_id, material_id);
    let secret = seal
        .0
        .unwrap(Purpose::KeyMaterial, &id, &row.sealed)
        .map_err(|e| Fault::caused(format!("opening the material of {}", key.arn()), e))?;
    Ok(Some(secret))
}

/// Opens the material that encrypts now. A key whose state allows its use has one.
pub fn current(cx: &mut Cx, key: &Key) -> Answer<(String, Secret)> {
    let missing = || Fault::new(format!("{} is enabled and has no key material", key.arn()));
    let id = key.material_id.clone().ok_or_else(missing)?;
    let secret = open(cx, key, &id)?.ok_or_else(missing)?;
    Ok((id, secret))
}

/// Binds sealed bytes to their row.
fn seal_id(key_id: &str, material_id: &str) -> String {
    format!("{key_id}/{material_id}")
}
