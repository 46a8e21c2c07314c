//! Objects as local files.
//!
//! ```text
//!  <dir>/us-east-1/snap-01/manifest                      an object's file has its name ...
//!  <dir>/us-east-1/snap-01/c-0000a_/c-0000a3f2-9c1e...   ... but numbered ones stand in groups of 4,096
//!  <dir>/.new/4711-12                                    being written, or left over by a crash: no object
//! ```
//! A put writes a temporary, syncs it, renames it to its place and syncs the directory, so that an object is there whole or not
//! at all, and stays. Temporaries have a directory of their own: clearing up after a crash is one listing, and a
//! directory that a delete takes away loses no work.

mod batch;
mod directories;
mod walk;

use crate::{Batch, ChunkStore, ObjectName, StoreError};
use directories::Directories;
use env::{File, Files};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where temporaries are. No object can be there: no segment of a name begins with a dot.
const NEW: &str = ".new";

/// How often a put starts again because a directory, or its temporary, vanished under it. Each time is a race lost against
/// somebody who removes; losing so many in a row is a fault of its own.
const ATTEMPTS: u32 = 16;

/// Numbers the temporaries of this process, over all its stores: two stores on one directory must not share one.
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// A chunk store in a directory. One server writes to it at a time; others may read beside it.
pub struct FileStore {
    files: Arc<dyn Files>,
    dir: PathBuf,
    directories: Directories,
}

impl FileStore {
    /// Opens the store in `dir`, makes it if it is not there, and removes what a crash left half-written.
    pub fn open(files: Arc<dyn Files>, dir: PathBuf) -> Result<FileStore, StoreError> {
        let directories = Directories::new(files.clone(), dir.clone());
        let store = FileStore { files, dir, directories };
        store.make().map_err(|e| failed(&e, &store.dir))?;
        Ok(store)
    }

    /// The store in `dir` as it lies there, for looking at: nothing is made and nothing removed.
    pub fn as_it_is(files: Arc<dyn Files>, dir: PathBuf) -> FileStore {
        let directories = Directories::new(files.clone(), dir.clone());
        FileStore { files, dir, directories }
    }

    /// Files that a crash left half-written.
    pub fn left_over(&self) -> io::Result<Vec<PathBuf>> {
        let new = self.dir.join(NEW);
        match self.files.list(&new) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(vec![]),
            names => Ok(names?.into_iter().map(|name| new.join(name)).collect()),
        }
    }

    fn make(&self) -> io::Result<()> {
        let new = self.dir.join(NEW);
        self.files.create_dir_durably(&new)?;
        for left_over in self.files.list(&new)? {
            gone(self.files.remove_file(&new.join(left_over)))?;
        }
        Ok(())
    }

    /// The file of an object.
    fn place(&self, name: &ObjectName) -> PathBuf {
        let (parents, last) = name.as_str().rsplit_once('/').unwrap_or(("", name.as_str()));
        let mut place = self.dir.join(parents);
        if let Some(group) = group(last) {
            place.push(group);
        }
        place.push(last);
        place
    }

    fn temporary(&self) -> PathBuf {
        let number = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
        self.dir.join(NEW).join(format!("{}-{number}", std::process::id()))
    }

    /// Writes, syncs, renames, syncs. On an error nothing is left of it.
    fn write(&self, place: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.temporary();
        let dir = directories::parent(place);
        let written = self.fill(&temporary, bytes).and_then(|file| file.sync_data()).and_then(|()| {
            self.directories.make_durable(dir)?;
            self.files.rename(&temporary, place)
        });
        if written.is_err() {
            // Opening the store removes it if this fails.
            let _ = self.files.remove_file(&temporary);
        }
        written?;
        self.files.sync_dir(dir)?;
        // Again, because the directory may be another one than before the renaming: removed as empty, and made again
        // by a thread that has not made its name durable yet.
        self.directories.make_durable(dir)
    }

    /// Nobody else has a temporary of this number, and opening the store removed those of earlier processes; but an earlier
    /// attempt of ours may have left it.
    fn fill(&self, temporary: &Path, bytes: &[u8]) -> io::Result<Arc<dyn File>> {
        let file = self.files.open(temporary, true)?;
        if !file.is_empty()? {
            file.set_len(0)?;
        }
        file.write_all_at(bytes, 0)?;
        Ok(file)
    }
}

impl ChunkStore for FileStore {
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let place = self.place(name);
        let mut attempt = 0;
        loop {
            match self.write(&place, bytes) {
                Ok(()) => return Ok(()),
                Err(e) if e.kind() == ErrorKind::NotFound && attempt < ATTEMPTS => {
                    attempt += 1;
                    let new = self.dir.join(NEW);
                    self.files.create_dir_all(&new).map_err(|e| failed(&e, &new))?;
                    // What the store believed of its directories is wrong.
                    self.directories.forget();
                }
                Err(e) => return Err(failed(&e, &place)),
            }
        }
    }

    fn batch(&self) -> Box<dyn Batch + '_> {
        Box::new(batch::FileBatch::new(self))
    }

    fn get(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.get_into(name, &mut bytes).map(|()| bytes)
    }

    fn get_into(&self, name: &ObjectName, into: &mut Vec<u8>) -> Result<(), StoreError> {
        let place = self.place(name);
        self.files.read_into(&place, into).map_err(|e| {
            if is_absent(&e) { StoreError::NotFound(name.to_string()) } else { failed(&e, &place) }
        })
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let place = self.place(name);
        gone(self.files.remove_file(&place)).map_err(|e| failed(&e, &place))?;
        self.directories.remove_empty(directories::parent(&place));
        Ok(())
    }

    fn list(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(ObjectName) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        crate::name::check_prefix(prefix)?;
        self.walk(prefix, each)
    }

    fn settle(&self, prefix: &str) -> Result<(), StoreError> {
        crate::name::check_prefix(prefix)?;
        self.sync_below(prefix)
    }

    /// Of the time of a local store most is the processors'. One thread more waits for the disk meanwhile; more than these would only
    /// take more of the processors from guests, each its share.
    fn at_once(&self) -> usize {
        env::processors() + 1
    }

    fn describe(&self) -> String {
        format!("file:{}", self.dir.display())
    }
}

/// The directory in which numbered objects (`c-0000a3f2-<hash>`) stand: the first five of the eight digits, so at most 4,096
/// numbers each, 2 GiB of a volume. A listing then holds few names at a time and threads do not queue for
/// one directory's lock. The underscore keeps it apart from every segment of a name.
fn group(last: &str) -> Option<String> {
    let mut parts = last.splitn(3, '-');
    let (kind, number, _hash) = (parts.next()?, parts.next()?, parts.next()?);
    let numbered = number.len() == 8 && number.bytes().all(|b| b.is_ascii_hexdigit());
    numbered.then(|| format!("{kind}-{}_", &number[..5]))
}

/// There is no such file; a directory of the name, or a file where a directory would be, is none either.
fn is_absent(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory)
}

/// Removing what is not there is done.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if is_absent(&e) => Ok(()),
        other => other,
    }
}

fn failed(e: &io::Error, path: &Path) -> StoreError {
    let text = format!("chunk store: {}: {e}", path.display());
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::NoSpace,
        ErrorKind::PermissionDenied
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::InvalidFilename => StoreError::Refused(text),
        _ => StoreError::Unavailable(text),
    }
}

#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod tests;
