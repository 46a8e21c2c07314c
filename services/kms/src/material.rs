//! Key material at rest and for the length of one call. Nothing here is kept: each call opens what it needs through the seal
//! and the secret is wiped when the call ends.
//!
//! A row of imported material stays when its bytes are deleted or expire, with nothing sealed in it: only the same material may
//! come back, and it is known by its id.

use crate::SealHandle;
use crate::rows::{Key, KeyMaterial, MultiRegionKey};
use api::{Answer, Cx, Door};
use base::{AccountId, Fault, Region, Timestamp};
use catalog::{Row, Tx};
use keys::{KeySpec, Purpose, Secret};
use std::sync::Arc;

/// Makes and stores the material of a new key; returns its id.
pub fn create(cx: &mut Cx, key_id: &str, spec: KeySpec) -> Answer<String> {
    let secret = generate(cx.door, spec)?;
    let row = sealed(cx.door, cx.account(), cx.region(), key_id, &secret, cx.now())?;
    cx.tx.append(&row)?;
    Ok(row.material_id)
}

/// Fresh secret bytes for a key of this spec.
pub fn generate(door: &Door, spec: KeySpec) -> Answer<Secret> {
    let made = keys::generate_material(spec, &*door.env.entropy);
    Ok(made.map_err(|e| Fault::caused("making key material", e))?)
}

/// The row of a material, not written yet.
pub fn sealed(
    door: &Door,
    account: &AccountId,
    region: &Region,
    key_id: &str,
    secret: &Secret,
    now: Timestamp,
) -> Answer<KeyMaterial> {
    let material_id = keys::material_id(key_id, secret);
    let sealed = seal(door)?
        .0
        .wrap(Purpose::KeyMaterial, &seal_id(key_id, &material_id), secret)
        .map_err(|e| Fault::caused("sealing key material", e))?;
    Ok(KeyMaterial {
        account: account.clone(),
        region: region.clone(),
        key_id: key_id.to_owned(),
        material_id,
        created: now,
        rotated: None,
        pending_rotation: false,
        valid_to: None,
        description: None,
        sealed,
    })
}

/// One material of a key, whether or not its bytes are there.
pub fn row(tx: &mut Tx, key: &Key, material_id: &str) -> Answer<Option<KeyMaterial>> {
    Ok(tx.get::<KeyMaterial>(&format!("{}{material_id}", key.prefix()))?)
}

/// All materials of a key, in the order of their ids. At most some dozens.
pub fn all(tx: &mut Tx, key: &Key) -> Answer<Vec<KeyMaterial>> {
    Ok(tx.scan::<KeyMaterial>(&key.prefix(), None, usize::MAX)?)
}

/// Opens one material of a key; `None` if the key never had it, or has not got it now.
pub fn open(cx: &mut Cx, key: &Key, material_id: &str) -> Answer<Option<Secret>> {
    let now = cx.now();
    let Some(row) = row(cx.tx, key, material_id)?.filter(|row| row.is_present(now)) else {
        return Ok(None);
    };
    let id = seal_id(&key.key_id, material_id);
    let secret = seal(cx.door)?
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

/// Reads again when the first material expires, and whether every material that the key ever used is there. One that waits for
/// its rotation was not used yet.
pub fn survey(tx: &mut Tx, key: &mut Key, now: Timestamp) -> Answer<bool> {
    let used: Vec<KeyMaterial> = all(tx, key)?.into_iter().filter(|m| !m.pending_rotation).collect();
    let present = |m: &&KeyMaterial| m.is_present(now);
    key.material_expires = used.iter().filter(present).filter_map(|m| m.valid_to).min();
    Ok(!used.is_empty() && used.iter().all(|m| m.is_present(now)))
}

/// The other keys of a multi-Region key's family that are there: all but `key`. None for other keys.
pub fn relatives(tx: &mut Tx, key: &Key) -> Answer<Vec<Key>> {
    let Some(family) = family(tx, key)? else { return Ok(vec![]) };
    let mut found = vec![];
    for region in std::iter::once(&family.primary).chain(&family.replicas) {
        if *region != key.region {
            found.extend(tx.get::<Key>(&format!("{}/{region}/{}", key.account, key.key_id))?);
        }
    }
    Ok(found)
}

/// The Regions of a multi-Region key.
pub fn family(tx: &mut Tx, key: &Key) -> Answer<Option<MultiRegionKey>> {
    if !key.multi_region {
        return Ok(None);
    }
    Ok(tx.get::<MultiRegionKey>(&format!("{}/{}", key.account, key.key_id))?)
}

/// Whether a change of material is this key's to make: of a multi-Region key only the primary's.
pub fn is_primary(tx: &mut Tx, key: &Key) -> Answer<bool> {
    Ok(family(tx, key)?.is_none_or(|family| family.primary == key.region))
}

/// Gives `to` (a related multi-Region key) a material of its family. The sealed bytes are bound to key id and material id, which
/// both share, and not to the Region.
pub fn copy(tx: &mut Tx, material: &KeyMaterial, to: &Key) -> Answer<()> {
    let copy = KeyMaterial { region: to.region.clone(), ..material.clone() };
    tx.put(&copy)?;
    Ok(())
}

/// Deletes the rows of all materials of a key.
pub fn destroy_all(tx: &mut Tx, key: &Key) -> Answer<()> {
    for material in all(tx, key)? {
        tx.delete::<KeyMaterial>(&material.key())?;
    }
    Ok(())
}

fn seal(door: &Door) -> Answer<Arc<SealHandle>> {
    Ok(door.dependency::<SealHandle>().ok_or_else(|| Fault::new("no seal was wired"))?)
}

/// Binds sealed bytes to their row.
fn seal_id(key_id: &str, material_id: &str) -> String {
    format!("{key_id}/{material_id}")
}
