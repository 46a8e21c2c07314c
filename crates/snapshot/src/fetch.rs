//! Fetching an object and checking it against its name.

use crate::name::Kind;
use crate::{ChunkHash, SnapshotError};
use chunks::{ChunkStore, ObjectName, StoreError};

/// The object's bytes; `None` if there is none of this name.
pub(crate) fn fetch(store: &dyn ChunkStore, name: &ObjectName) -> Result<Option<Vec<u8>>, SnapshotError> {
    match store.get(name) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of an object that must be there and hash to `hash`.
pub(crate) fn fetch_verified(
    store: &dyn ChunkStore,
    name: &ObjectName,
    hash: ChunkHash,
) -> Result<Vec<u8>, SnapshotError> {
    let bytes = fetch(store, name)?.ok_or_else(|| SnapshotError::damaged(name, MISSING))?;
    if ChunkHash::of(&bytes) != hash {
        return Err(SnapshotError::damaged(name, "its bytes do not fit the hash that names it"));
    }
    Ok(bytes)
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
    let name = crate::name::object(region, writer, kind)?;
    let hash = match kind {
        Kind::Page { hash, .. } | Kind::Chunk { hash, .. } => hash,
        Kind::Manifest => return Err(SnapshotError::refused("a manifest's name has no hash")),
    };
    let bytes = fetch_verified(store, &name, hash)?;
    Ok((name, bytes))
}
