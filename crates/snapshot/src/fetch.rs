//! Fetching an object and checking it against its name.

use crate::name::Kind;
use crate::{ChunkHash, SnapshotError};
use chunks::{ChunkStore, ObjectName, StoreError};

/// The object's bytes; `None` if there is none of this name.
pub(crate) fn fetch(store: &dyn ChunkStore, name: &ObjectName) -> Result<Option<Vec<u8>>, SnapshotError> {
    let mut bytes = Vec::new();
    Ok(fetch_into(store, name, &mut bytes)?.then_some(bytes))
}

/// The same into memory that was used before; `false` if there is none.
fn fetch_into(store: &dyn ChunkStore, name: &ObjectName, into: &mut Vec<u8>) -> Result<bool, SnapshotError> {
    match store.get_into(name, into) {
        Ok(()) => Ok(true),
        Err(StoreError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of an object that must be there and hash to `hash`.
fn fetch_verified(
    store: &dyn ChunkStore,
    name: &ObjectName,
    hash: ChunkHash,
    into: &mut Vec<u8>,
) -> Result<(), SnapshotError> {
    if !fetch_into(store, name, into)? {
        return Err(SnapshotError::damaged(name, MISSING));
    }
    if ChunkHash::of(into) != hash {
        return Err(SnapshotError::damaged(name, "its bytes do not fit the hash that names it"));
    }
    Ok(())
}

/// What is said of an object that is not there.
pub(crate) const MISSING: &str = "it is missing";

/// The bytes of a chunk or page, verified.
pub(crate) fn fetch_part(
    store: &dyn ChunkStore,
    region: &str,
    writer: &str,
    kind: Kind,
) -> Result<(ObjectName, Vec<u8>), SnapshotError> {
    let mut bytes = Vec::new();
    fetch_part_into(store, region, writer, kind, &mut bytes).map(|name| (name, bytes))
}

/// The same into memory that was used before. What it holds after an error is not verified.
pub(crate) fn fetch_part_into(
    store: &dyn ChunkStore,
    region: &str,
    writer: &str,
    kind: Kind,
    into: &mut Vec<u8>,
) -> Result<ObjectName, SnapshotError> {
    let name = crate::name::object(region, writer, kind)?;
    let hash = match kind {
        Kind::Page { hash, .. } | Kind::Chunk { hash, .. } => hash,
        Kind::Manifest => return Err(SnapshotError::refused("a manifest's name has no hash")),
    };
    fetch_verified(store, &name, hash, into)?;
    Ok(name)
}
