//! Making and removing a volume's directory, each durable and safe to repeat after a crash at any point.
//!
//! The superblock is the commit point: it is written last and removed first, so a directory with a superblock is a
//! complete volume and one without is rubbish that `create` clears away.

use crate::record::Record;
use crate::{Superblock, VolumeError, VolumeSpec, integrity, layer};
use env::Files;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

pub(crate) const STACK_FILE: &str = "stack";
pub(crate) const SUPERBLOCK_FILE: &str = "superblock";

/// Makes a volume, empty or to be loaded from its source; durable on return. Doing it twice with the same specification is fine, with another one is
/// [`VolumeError::Exists`].
pub fn create(files: &Arc<dyn Files>, dir: &Path, spec: &VolumeSpec) -> Result<(), VolumeError> {
    make(files, dir, Superblock::new(spec)?)
}

/// The same with a tag for every data unit (see `integrity.rs`). A volume that exists stays with or without, as it was made.
pub fn create_with_integrity(
    files: &Arc<dyn Files>,
    dir: &Path,
    spec: &VolumeSpec,
) -> Result<(), VolumeError> {
    make(files, dir, Superblock { integrity: true, ..Superblock::new(spec)? })
}

fn make(files: &Arc<dyn Files>, dir: &Path, superblock: Superblock) -> Result<(), VolumeError> {
    let spec = &superblock.spec();
    match read_superblock(files, dir) {
        Ok(found) if found.spec() == *spec => return Ok(()),
        Ok(found) => return Err(VolumeError::Exists { path: dir.into(), found: found.volume_id }),
        Err(VolumeError::NotFound(_)) => {}
        Err(other) => return Err(other),
    }
    files.create_dir_durably(dir).map_err(VolumeError::io("making the directory"))?;
    // What an interrupted create or remove left behind must not become part of the new volume.
    for name in files.list(dir).map_err(VolumeError::io("listing the directory"))? {
        let path = dir.join(name);
        if files.is_dir(&path) {
            files.remove_dir_all(&path).map_err(VolumeError::io("removing a layer"))?;
        } else {
            remove_if_there(files, &path)?;
        }
    }
    if superblock.integrity {
        integrity::create(files, dir)?;
    }
    layer::create(files, dir, 0, spec.size_bytes, &[], superblock.integrity)?;
    files
        .write_durably(&dir.join(STACK_FILE), &Record::new(spec.source.as_ref()).encode())
        .map_err(VolumeError::io("writing the stack record"))?;
    files
        .write_durably(&dir.join(SUPERBLOCK_FILE), &superblock.encode())
        .map_err(VolumeError::io("writing the superblock"))
}

/// Removes the volume and everything in its directory; fine if it is gone.
pub fn remove(files: &Arc<dyn Files>, dir: &Path) -> Result<(), VolumeError> {
    if !files.exists(dir) {
        return Ok(());
    }
    remove_if_there(files, &dir.join(SUPERBLOCK_FILE))?;
    files.sync_dir(dir).map_err(VolumeError::io("syncing the directory"))?;
    match files.remove_dir_all(dir) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(VolumeError::io("removing the volume")(e)),
        _ => match dir.parent() {
            Some(parent) => files.sync_dir(parent).map_err(VolumeError::io("syncing the parent directory")),
            None => Ok(()),
        },
    }
}

/// Reads the head of a volume; needs no key.
pub fn read_superblock(files: &Arc<dyn Files>, dir: &Path) -> Result<Superblock, VolumeError> {
    match files.read(&dir.join(SUPERBLOCK_FILE)) {
        Ok(bytes) => Superblock::decode(&bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(VolumeError::NotFound(dir.into())),
        Err(e) => Err(VolumeError::io("reading the superblock")(e)),
    }
}

/// Reads the stack record of a volume.
pub(crate) fn read_record(files: &Arc<dyn Files>, dir: &Path) -> Result<Record, VolumeError> {
    match files.read(&dir.join(STACK_FILE)) {
        Ok(bytes) => Record::decode(&bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            Err(VolumeError::Damaged("the stack record is missing".into()))
        }
        Err(e) => Err(VolumeError::io("reading the stack record")(e)),
    }
}

/// Makes durable what a former run of this program left in the volume's directory and its layers' without having synced it. That run
/// may have ended at any point while the machine went on: what it wrote and renamed can be seen, so it would be taken for durable, a
/// flush would find nothing to do, and the next write of a map page would go over the only copy that is durable.
pub(crate) fn settle(files: &Arc<dyn Files>, dir: &Path) -> Result<(), VolumeError> {
    let syncing = || VolumeError::io("syncing what was not synced when the volume was last open");
    for name in files.list(dir).map_err(VolumeError::io("listing the directory"))? {
        let path = dir.join(name);
        if files.is_dir(&path) {
            settle(files, &path)?;
        } else {
            files.open(&path, false).and_then(|file| file.sync_data()).map_err(syncing())?;
        }
    }
    files.sync_dir(dir).map_err(syncing())
}

fn remove_if_there(files: &Arc<dyn Files>, path: &Path) -> Result<(), VolumeError> {
    match files.remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(VolumeError::io("removing a file")(e)),
        _ => Ok(()),
    }
}
