//! Listing: a walk over the directories, one directory's names in memory at a time. Goes on while objects come and go.

use super::{FileStore, failed, is_absent};
use crate::{ObjectName, StoreError};
use std::path::PathBuf;

/// Receives the names one by one.
type Each<'a> = &'a mut dyn FnMut(ObjectName) -> Result<(), StoreError>;

impl FileStore {
    /// Every object whose name begins with `prefix`, which is empty or ends in `/`.
    pub(super) fn walk(&self, prefix: &str, each: Each<'_>) -> Result<(), StoreError> {
        // Names of directories to look into, as prefixes; the last first.
        let mut ahead = vec![prefix.to_owned()];
        while let Some(prefix) = ahead.pop() {
            for entry in self.entries(self.dir.join(&prefix))? {
                let Some(entry) = entry.to_str() else { continue };
                if entry.ends_with('_') {
                    self.walk_group(&prefix, entry, each)?;
                    continue;
                }
                // Temporaries and whatever else is not of the store.
                let Some(name) = ObjectName::parse(&format!("{prefix}{entry}")) else { continue };
                if self.files.is_dir(&self.dir.join(name.as_str())) {
                    ahead.push(format!("{name}/"));
                } else {
                    self.found(name, entry, None, each)?;
                }
            }
        }
        Ok(())
    }

    /// Syncs every directory below `prefix`, and their names. The bytes of a file that has its name were synced before.
    pub(super) fn sync_below(&self, prefix: &str) -> Result<(), StoreError> {
        let mut ahead = vec![self.dir.join(prefix)];
        while let Some(dir) = ahead.pop() {
            if !self.files.is_dir(&dir) {
                continue;
            }
            let entries = self.entries(dir.clone())?;
            ahead.extend(entries.iter().map(|entry| dir.join(entry)).filter(|path| self.files.is_dir(path)));
            self.files.sync_dir(&dir).map_err(|e| failed(&e, &dir))?;
            // What the store remembers of names it has synced is true; of others it is asked now.
            self.directories.make_durable(&dir).map_err(|e| failed(&e, &dir))?;
        }
        Ok(())
    }

    fn walk_group(&self, prefix: &str, group: &str, each: Each<'_>) -> Result<(), StoreError> {
        for entry in self.entries(self.dir.join(prefix).join(group))? {
            let Some(entry) = entry.to_str() else { continue };
            if let Some(name) = ObjectName::parse(&format!("{prefix}{entry}")) {
                self.found(name, entry, Some(group), each)?;
            }
        }
        Ok(())
    }

    /// Passes on what reading would find: not a file that somebody put into a group it does not belong to.
    fn found(
        &self,
        name: ObjectName,
        last: &str,
        group: Option<&str>,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        if super::group(last).as_deref() == group { each(name) } else { Ok(()) }
    }

    /// What is in a directory; nothing if it is gone.
    fn entries(&self, dir: PathBuf) -> Result<Vec<PathBuf>, StoreError> {
        match self.files.list(&dir) {
            Err(e) if is_absent(&e) => Ok(Vec::new()),
            other => other.map_err(|e| failed(&e, &dir)),
        }
    }
}
