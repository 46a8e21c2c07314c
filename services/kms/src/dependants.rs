//! What depends on a key: volumes, snapshots and images, which are rows of another service and come through [`KeyDependants`];
//! grants and aliases, which are rows of this one. Told before a key is deleted and every day until it is, because after that
//! the data is lost.

use crate::find::{self, Accepts, Named};
use crate::rows::{Alias, Grant, Key};
use api::{Answer, Cx, Door};
use catalog::{Row, Tx};
use serde_json::{Value, json};
use std::sync::Arc;

/// Ids listed of each kind. Reading more for one answer would hold up the call; `more` says that there are.
pub const LISTED_MAX: usize = 1000;

/// Ids of one kind of resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// at most [`LISTED_MAX`]
    pub ids: Vec<String>,
    /// there are others
    pub more: bool,
}

impl Listed {
    /// The first [`LISTED_MAX`] of `ids`.
    pub fn of(mut ids: Vec<String>) -> Listed {
        let more = ids.len() > LISTED_MAX;
        ids.truncate(LISTED_MAX);
        Listed { ids, more }
    }

    fn told(&self, one: &str) -> Option<String> {
        let (count, least) = (self.ids.len(), if self.more { "at least " } else { "" });
        let many = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{least}{count} {one}{many}"))
    }

    fn value(&self) -> Value {
        json!({"count": self.ids.len(), "more": self.more, "ids": self.ids})
    }
}

/// The resources of another service that cannot be read any more once the key is gone, of whichever account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependants {
    pub volumes: Listed,
    pub snapshots: Listed,
    pub images: Listed,
}

/// The service that encrypts under keys, asked what it encrypted.
pub trait KeyDependants: Send + Sync {
    /// What is encrypted under the key with this ARN now; found by an index, not by reading through.
    fn of(&self, tx: &mut Tx, key_arn: &str) -> Answer<Dependants>;
}

/// As the program gives it to the door: `door.with_dependency(Arc::new(DependantsHandle(Arc::new(…))))`.
pub struct DependantsHandle(pub Arc<dyn KeyDependants>);

/// Everything that depends on a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    pub dependants: Dependants,
    /// grant ids
    pub grants: Listed,
    /// `alias/…`
    pub aliases: Listed,
}

impl KeyUse {
    /// In one sentence.
    pub fn told(&self) -> String {
        let Dependants { volumes, snapshots, images } = &self.dependants;
        let told = [
            volumes.told("volume"),
            snapshots.told("snapshot"),
            images.told("image"),
            self.grants.told("grant"),
        ];
        let told: Vec<String> = told.into_iter().flatten().collect();
        match told.split_last() {
            None => "nothing known here depends on the key".to_owned(),
            Some((only, [])) => format!("depending on the key: {only}"),
            Some((last, others)) => format!("depending on the key: {} and {last}", others.join(", ")),
        }
    }

    /// For events and trail records.
    pub fn value(&self) -> Value {
        json!({
            "volumes": self.dependants.volumes.value(),
            "snapshots": self.dependants.snapshots.value(),
            "images": self.dependants.images.value(),
            "grants": self.grants.value(),
            "aliases": self.aliases.value(),
        })
    }
}

/// What depends on the key with this id or ARN; nothing if there is no such key. For those who may see the key: it does not ask.
pub fn usage_of(cx: &mut Cx, key: &str) -> Answer<KeyUse> {
    let key = match find::read(cx, key, Accepts::Key) {
        Ok(Named::KeyId(id)) => find::existing(cx, &id)?,
        Ok(Named::Foreign(arn)) => find::foreign(cx, &arn)?,
        _ => None,
    };
    match key {
        Some(key) => of(cx.door, cx.tx, &key),
        None => Ok(KeyUse::default()),
    }
}

/// The same for a key at hand.
pub(crate) fn of(door: &Door, tx: &mut Tx, key: &Key) -> Answer<KeyUse> {
    let dependants = match door.dependency::<DependantsHandle>() {
        Some(handle) => handle.0.of(tx, &key.arn())?,
        None => Dependants::default(),
    };
    let grants = tx.scan::<Grant>(&key.prefix(), None, LISTED_MAX + 1)?;
    let aliases = tx.scan_index::<Alias>("target", &key.key(), None, LISTED_MAX + 1)?;
    Ok(KeyUse {
        dependants,
        grants: Listed::of(grants.into_iter().map(|grant| grant.grant_id).collect()),
        aliases: Listed::of(aliases.into_iter().map(|alias| alias.name).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Listed {
        Listed::of((0..count).map(|i| format!("vol-{i}")).collect())
    }

    #[test]
    fn the_sentence_counts_what_there_is_and_admits_when_there_is_more() {
        let mut told = KeyUse::default();
        assert_eq!(told.told(), "nothing known here depends on the key");
        told.dependants.volumes = ids(1);
        assert_eq!(told.told(), "depending on the key: 1 volume");
        told.dependants.snapshots = ids(1001);
        told.grants = ids(2);
        assert_eq!(told.told(), "depending on the key: 1 volume, at least 1000 snapshots and 2 grants");
        let value = told.value();
        assert_eq!((&value["snapshots"]["more"], &value["volumes"]["more"]), (&json!(true), &json!(false)));
        assert_eq!(value["snapshots"]["ids"].as_array().unwrap().len(), 1000);
    }
}
