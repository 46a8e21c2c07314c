//! Another material for a key: on demand, or by itself when its day has come. The older ones stay and decrypt; the key's ARN, its
//! policy and everything encrypted stay as they are. What may rotate is decided in `rules::rotation`.
//!
//! Source: KMS Developer Guide, "Rotate AWS KMS keys".

use crate::material;
use crate::rows::{Key, KeyMaterial, Rotation, RotationType};
use crate::service_events::{self, ServiceEvent};
use api::{Answer, Cx, Door, Failure};
use base::{Refusal, Timestamp};
use catalog::{Row, Table, Tx};
use rules::key_state::KeyOrigin;
use rules::rotation::{self, MaterialState, PERIOD_DAYS_MAX};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Keys read at a time.
const BATCH: usize = 200;
/// Days back that the very first round looks at.
const LOOK_BACK_DAYS: i64 = PERIOD_DAYS_MAX as i64;
const DAY_MILLIS: i64 = 86_400_000;

/// Refuses keys of kinds that have no rotation: asymmetric and HMAC keys, and keys of key stores.
pub fn require_rotatable(key: &Key) -> Result<(), Refusal> {
    if !key.is_symmetric() {
        return Err(Refusal::new("UnsupportedOperationException", "")
            .because(format!("{} is not a symmetric encryption key", key.arn())));
    }
    Ok(())
}

/// Refuses replicas: the rotation of a multi-Region key is set and run at its primary.
pub fn require_primary(cx: &mut Cx, key: &Key) -> Answer<()> {
    if material::is_primary(cx.tx, key)? {
        return Ok(());
    }
    let message = format!("{} is not a multi-region primary key.", key.arn());
    Err(Refusal::new("UnsupportedOperationException", message).into())
}

/// Gives the key another current material and writes key and materials: a fresh one, or for an imported key the one that waits.
pub fn rotate(door: &Door, tx: &mut Tx, mut key: Key, kind: RotationType, now: Timestamp) -> Answer<Key> {
    let mut new = match key.origin {
        KeyOrigin::External => {
            pending(tx, &key)?.ok_or_else(|| base::Fault::new("no material to rotate to"))?
        }
        _ => {
            let secret = material::generate(door, key.spec)?;
            material::sealed(door, &key.account, &key.region, &key.key_id, &secret, now)?
        }
    };
    (new.rotated, new.pending_rotation) = (Some((now, kind)), false);
    let previous = key.material_id.replace(new.material_id.clone());
    match kind {
        RotationType::OnDemand => key.on_demand_rotations = key.on_demand_rotations.saturating_add(1),
        RotationType::Automatic => {
            key.rotation = key.rotation.map(|r| Rotation { next: rotation::next(now, r.period_days), ..r });
        }
    }
    tx.put(&new)?;
    material::survey(tx, &mut key, now)?;
    tx.put(&key)?;
    follow(tx, &key, &new, now)?;
    let details = json!({
        "rotationType": kind.name(),
        "keyOrigin": key.origin.name(),
        "previousKeyMaterialId": previous,
        "currentKeyMaterialId": new.material_id,
    });
    service_events::tell(tx, &door.env, ServiceEvent::RotateKey, &key, now, details)?;
    Ok(key)
}

/// Related multi-Region keys have the same current material: ours is copied to them, imported material they have already.
fn follow(tx: &mut Tx, key: &Key, new: &KeyMaterial, now: Timestamp) -> Answer<()> {
    for mut relative in material::relatives(tx, key)? {
        match material::row(tx, &relative, &new.material_id)? {
            Some(theirs) => {
                tx.put(&KeyMaterial { rotated: new.rotated, pending_rotation: false, ..theirs })?;
            }
            None => material::copy(tx, new, &relative)?,
        }
        relative.material_id = Some(new.material_id.clone());
        material::survey(tx, &mut relative, now)?;
        tx.put(&relative)?;
    }
    Ok(())
}

/// The material that was imported as new and waits for RotateKeyOnDemand.
pub fn pending(tx: &mut Tx, key: &Key) -> Answer<Option<KeyMaterial>> {
    Ok(material::all(tx, key)?.into_iter().find(|m| m.pending_rotation))
}

/// What a material of a key is to it.
pub fn state_of(tx: &mut Tx, key: &Key, material: &KeyMaterial, now: Timestamp) -> Answer<MaterialState> {
    if !material.pending_rotation {
        let current = key.material_id.as_deref() == Some(material.material_id.as_str());
        return Ok(if current { MaterialState::Current } else { MaterialState::NonCurrent });
    }
    for relative in material::relatives(tx, key)? {
        let theirs = material::row(tx, &relative, &material.material_id)?;
        if !theirs.is_some_and(|theirs| theirs.is_present(now)) {
            return Ok(MaterialState::PendingMultiRegionImport);
        }
    }
    Ok(MaterialState::PendingRotation)
}

/// How far the rounds have come, so that a round looks at the days since the one before and not at years.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rounds {
    /// Days since 1970; all before it have been looked at to their end.
    day: i64,
}

impl Row for Rounds {
    const TABLE: Table = Table { name: "kms_rotation_rounds", indexes: &[] };

    fn key(&self) -> String {
        "all".to_owned()
    }
}

/// Rotates all enabled keys whose day has come; returns how many. Safe to run at any time and twice.
pub fn rotate_due(door: &Door) -> Answer<usize> {
    let now = door.env.clock.now();
    let today = now.millis().div_euclid(DAY_MILLIS);
    let rounds = door.catalog.begin()?.get::<Rounds>("all")?;
    let from = rounds.map_or(today - LOOK_BACK_DAYS, |rounds| rounds.day.min(today));
    let mut rotated = 0;
    for day in from..=today {
        let index = Key::rotation_index(Timestamp::from_millis(day * DAY_MILLIS));
        let mut after: Option<String> = None;
        loop {
            let batch =
                door.catalog.begin()?.scan_index::<Key>("rotation", &index, after.as_deref(), BATCH)?;
            for key in &batch {
                rotated += usize::from(rotate_if_due(door, &key.key(), now)?);
            }
            if batch.len() < BATCH {
                break;
            }
            after = batch.last().map(Row::key);
        }
    }
    if from < today {
        door.catalog.transact::<_, Failure>(|tx| Ok(tx.put(&Rounds { day: today })?))?;
    }
    Ok(rotated)
}

fn rotate_if_due(door: &Door, key: &str, now: Timestamp) -> Answer<bool> {
    door.catalog.transact::<_, Failure>(|tx| {
        let Some(key) = tx.get::<Key>(key)?.filter(|key| is_due(key, now)) else { return Ok(false) };
        if !material::is_primary(tx, &key)? {
            return Ok(false);
        }
        rotate(door, tx, key, RotationType::Automatic, now)?;
        Ok(true)
    })
}

/// Whether the key rotates by itself now.
pub fn is_due(key: &Key, now: Timestamp) -> bool {
    key.rotation.as_ref().is_some_and(|r| rotation::is_due(key.state, r.next, now))
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
