//! Multi-Region keys: one key id and one material in several Regions. One of them is the primary, the others are replicas of it.
//!
//! ```text
//!   shared        key id, material, spec, usage, origin, rotation      each Region holds its own sealed copy of the material
//!   independent   policy, aliases, grants, tags, description, whether it is enabled, deletion
//! ```
//! So a ciphertext made in one Region opens in every other that has the key: its header names the key id, and the caller's Region
//! finds its own key by it. Imported material is brought to each Region by its owner.
//!
//! Source: KMS Developer Guide, "Multi-Region keys in AWS KMS".

use crate::material;
use crate::rows::{Key, KeyMaterial, MultiRegionKey};
use api::{Answer, Cx};
use base::{Fault, Refusal, Region};
use catalog::{Row, Tx};
use rules::key_state::{self, KeyOrigin};

/// Hexadecimal digits of a multi-Region key's id, after `mrk-`.
const ID_DIGITS: usize = 32;

/// The id of a new multi-Region key.
pub fn new_key_id(cx: &Cx) -> String {
    format!("mrk-{}", cx.door.env.ids.hex(ID_DIGITS))
}

/// Makes a new key the primary of a family of one. Nothing for keys of one Region.
pub fn begin(cx: &mut Cx, key: &Key) -> Answer<()> {
    if key.multi_region {
        cx.tx.append(&MultiRegionKey {
            account: key.account.clone(),
            key_id: key.key_id.clone(),
            primary: key.region.clone(),
            replicas: Vec::new(),
        })?;
    }
    Ok(())
}

/// The family of a key that must be its primary.
pub fn of_primary(tx: &mut Tx, key: &Key) -> Answer<MultiRegionKey> {
    match material::family(tx, key)? {
        Some(family) if family.primary == key.region => Ok(family),
        family => {
            let reason = match family {
                Some(family) => format!("its primary is in {}", family.primary),
                None => "it is a key of one Region".to_owned(),
            };
            let message = format!("{} is not a multi-region primary key.", key.arn());
            Err(Refusal::new("UnsupportedOperationException", message).because(reason).into())
        }
    }
}

/// The Region of that name, if we serve it.
pub fn region(name: &str) -> Result<Region, Refusal> {
    let known = rules::places::find(name).and_then(|facts| Region::parse(facts.name).ok());
    known.ok_or_else(|| {
        Refusal::new("ValidationException", format!("The Region {name} is not valid."))
            .because(format!("{name} is no Region of this server"))
    })
}

/// Writes `replica`, a key that has everything but its family's material, and gives it that. A key with imported material waits
/// for the same material to be imported in its own Region.
pub fn add_replica(tx: &mut Tx, primary: &Key, mut family: MultiRegionKey, mut replica: Key) -> Answer<Key> {
    let imported = primary.origin == KeyOrigin::External;
    for material in material::all(tx, primary)? {
        if !imported {
            material::copy(tx, &material, &replica)?;
        } else if !material.pending_rotation {
            let awaited = KeyMaterial { sealed: Vec::new(), valid_to: None, ..material };
            material::copy(tx, &awaited, &replica)?;
        }
    }
    replica.state = key_state::initial(replica.origin);
    replica.material_id = primary.material_id.clone();
    tx.append(&replica)?;
    family.replicas.push(replica.region.clone());
    tx.put(&family)?;
    Ok(replica)
}

/// Makes `next`, a replica, the primary, and `primary` a replica of it. What is set at the primary goes along.
pub fn move_primary(tx: &mut Tx, mut primary: Key, mut family: MultiRegionKey, mut next: Key) -> Answer<()> {
    let Some(place) = family.replicas.iter_mut().find(|region| **region == next.region) else {
        return Err(Fault::new(format!("{} is no replica of {}", next.arn(), primary.arn())).into());
    };
    *place = std::mem::replace(&mut family.primary, next.region.clone());
    next.rotation = primary.rotation.take();
    next.on_demand_rotations = std::mem::take(&mut primary.on_demand_rotations);
    tx.put(&primary)?;
    tx.put(&next)?;
    tx.put(&family)?;
    Ok(())
}

/// The key of this family in that Region, if there is one.
pub fn member(tx: &mut Tx, key: &Key, region: &Region) -> Answer<Option<Key>> {
    let there = Key { region: region.clone(), ..key.clone() };
    Ok(tx.get::<Key>(&there.key())?)
}

#[cfg(test)]
#[path = "multi_region_tests.rs"]
mod tests;
