//! The directories of a file store: which are known to be durable, made when needed, removed when empty.
//!
//! An object is durable when its file is, and every name on the way to it. Syncing the whole way for each object would be
//! most of a put, so the store remembers which directories it has made durable. What must hold:
//!
//! ```text
//!  a directory is in `durable`  =>  it exists and its name, up to the store's own directory, was synced
//! ```
//! Making and removing directories therefore happen under one lock. Both are rare: once per 4,096 chunks.

use env::Files;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Directories remembered at most; beyond, all are forgotten, which costs a sync each and nothing else. About 500 KiB.
const REMEMBERED_MAX: usize = 4096;

pub(super) struct Directories {
    files: Arc<dyn Files>,
    /// The store's own directory.
    top: PathBuf,
    durable: Mutex<HashSet<PathBuf>>,
}

impl Directories {
    pub fn new(files: Arc<dyn Files>, top: PathBuf) -> Directories {
        Directories { files, top, durable: Mutex::default() }
    }

    /// Makes a directory of the store, and all between, and their names durable.
    pub fn make_durable(&self, dir: &Path) -> io::Result<()> {
        let mut durable = self.durable.lock();
        if durable.contains(dir) {
            return Ok(());
        }
        self.files.create_dir_all(dir)?;
        for made in self.inside(dir).filter(|made| !durable.contains(*made)).collect::<Vec<_>>() {
            self.files.sync_dir(parent(made))?;
        }
        if durable.len() >= REMEMBERED_MAX {
            durable.clear();
        }
        durable.extend(self.inside(dir).map(PathBuf::from));
        Ok(())
    }

    /// Removes the directory and those above it as far as they are empty. A full one is not an error.
    pub fn remove_empty(&self, dir: &Path) {
        let mut durable = self.durable.lock();
        for empty in self.inside(dir).collect::<Vec<_>>() {
            if self.files.remove_dir(empty).is_err() {
                return;
            }
            durable.remove(empty);
        }
    }

    /// Trusts nothing any more.
    pub fn forget(&self) {
        self.durable.lock().clear();
    }

    /// The directory and those above it, below the store's own.
    fn inside<'a>(&'a self, dir: &'a Path) -> impl Iterator<Item = &'a Path> {
        dir.ancestors().take_while(|path| *path != self.top)
    }
}

/// The directory that holds the name.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ if path.is_absolute() => Path::new("/"),
        _ => Path::new("."),
    }
}
