//! Objects stored together, as files.
//!
//! ```text
//!  put      temporary written, and the disk told to begin
//!           every 32: all of them synced ─► renamed to their places ─► their directories synced
//!  keep     its directory is remembered
//!  settle   the rest likewise; then the remembered directories
//! ```
//! Why it is faster than as many puts: the first sync of 32 commits the file system's journal for all of them, while the disk was
//! writing already; and a directory is synced once. A file has its name only after its bytes are durable, so what is seen under a
//! name is whole, after a crash too.

use super::{FileStore, directories, failed};
use crate::{Batch, ObjectName, StoreError};
use env::File;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

/// Files that are written before they are synced: 16 MiB of chunks.
const TOGETHER: usize = 32;

pub(super) struct FileBatch<'a> {
    store: &'a FileStore,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    written: Vec<Written>,
    /// Directories of kept objects.
    kept: BTreeSet<PathBuf>,
}

/// A file that has its bytes and not yet its name.
struct Written {
    file: Arc<dyn File>,
    temporary: PathBuf,
    place: PathBuf,
}

impl FileBatch<'_> {
    pub fn new(store: &FileStore) -> FileBatch<'_> {
        FileBatch { store, open: Mutex::default() }
    }

    /// Gives written files their names, durably. On an error those without a name are removed.
    fn publish(&self, written: &[Written]) -> Result<(), StoreError> {
        let mut named = 0;
        let result = self.try_publish(written, &mut named);
        written.iter().skip(named).for_each(|left| self.remove(left));
        result
    }

    fn try_publish(&self, written: &[Written], named: &mut usize) -> Result<(), StoreError> {
        for one in written {
            one.file.sync_data().map_err(|e| failed(&e, &one.place))?;
        }
        let mut dirs = BTreeSet::new();
        for one in written {
            self.name(one).map_err(|e| failed(&e, &one.place))?;
            *named += 1;
            dirs.insert(directories::parent(&one.place).to_path_buf());
        }
        dirs.iter().try_for_each(|dir| self.sync(dir))
    }

    fn name(&self, one: &Written) -> io::Result<()> {
        let dir = directories::parent(&one.place);
        for _ in 0..super::ATTEMPTS {
            self.store.directories.make_durable(dir)?;
            match self.store.files.rename(&one.temporary, &one.place) {
                // The directory went as empty, which is a race that can be run again; or the temporary, which cannot.
                Err(e) if e.kind() == ErrorKind::NotFound && self.store.files.exists(&one.temporary) => {
                    self.store.directories.forget();
                }
                other => return other,
            }
        }
        Err(ErrorKind::NotFound.into())
    }

    fn sync(&self, dir: &std::path::Path) -> Result<(), StoreError> {
        let synced = self.store.files.sync_dir(dir).and_then(|()| {
            // As after a single put: it may be another directory than before the renaming.
            self.store.directories.make_durable(dir)
        });
        synced.map_err(|e| failed(&e, dir))
    }

    fn remove(&self, left: &Written) {
        // Opening the store removes it if this fails.
        let _ = self.store.files.remove_file(&left.temporary);
    }
}

impl Batch for FileBatch<'_> {
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let place = self.store.place(name);
        let temporary = self.store.temporary();
        let file = self.store.fill(&temporary, bytes).map_err(|e| {
            let _ = self.store.files.remove_file(&temporary);
            failed(&e, &place)
        })?;
        file.start_writing();
        let full = {
            let written = &mut self.open.lock().written;
            written.push(Written { file, temporary, place });
            if written.len() < TOGETHER { Vec::new() } else { std::mem::take(written) }
        };
        self.publish(&full)
    }

    fn keep(&self, name: &ObjectName) -> Result<(), StoreError> {
        let place = self.store.place(name);
        self.open.lock().kept.insert(directories::parent(&place).to_path_buf());
        Ok(())
    }

    fn settle(&self) -> Result<(), StoreError> {
        let Open { written, kept } = std::mem::take(&mut *self.open.lock());
        self.publish(&written)?;
        kept.iter().try_for_each(|dir| self.sync(dir))
    }
}

impl Drop for FileBatch<'_> {
    fn drop(&mut self) {
        let written = std::mem::take(&mut self.open.get_mut().written);
        written.iter().for_each(|left| self.remove(left));
    }
}
