//! Looking over a volume that nobody has open: every structure in its directory, without the key. What is found is told with its
//! place and what follows from it; what a crash left over can be cleared away. Data is never guessed and never removed.
//!
//! ```text
//!  superblock ─▶ size, encrypted?      head.rs    both copies
//!  stack      ─▶ layers                head.rs
//!  each layer ─▶ map ─▶ data files     layer.rs   both slots of every page; a unit that the map calls written is in its file, and so
//!                       files of tags             is its tag, if the volume has integrity
//!  intents                             intents.rs both slots of every part
//!  the rest of the directory           here       temporaries, layers that no record names, strangers
//! ```

mod head;
mod intents;
mod layer;

use crate::intents::INTENTS_FILE;
use crate::layer::MAP_FILE;
use crate::lifecycle::{STACK_FILE, SUPERBLOCK_FILE};
use crate::store::Holds;
use crate::{Superblock, VolumeError};
use env::Files;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// What a crash leaves and the rules allow: nothing is lost, and it can be cleared away.
    Leftover,
    /// Something is lost or cannot be relied on.
    Damage,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// The file.
    pub path: PathBuf,
    /// Bytes of the volume that it is about; `None`: the whole volume, or none of it.
    pub bytes: Option<Range<u64>>,
    pub what: String,
    pub consequence: &'static str,
    pub repaired: bool,
}

/// What a check says.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The head, if it can be read.
    pub superblock: Option<Superblock>,
    pub findings: Vec<Finding>,
    /// Units that the maps call written.
    pub units_written: u64,
}

/// Checks the volume in `dir`, which nobody may have open; with `repair`, clears leftovers away, durably. An error only if the disk fails.
pub fn check(files: &Arc<dyn Files>, dir: &Path, repair: bool) -> Result<Checked, VolumeError> {
    let mut check = Check { files, dir, repair, checked: Checked::default() };
    let superblock = check.superblock()?;
    let record = check.record(superblock.as_ref())?;
    if let (Some(superblock), Some(record)) = (&superblock, &record) {
        for layer in &record.layers {
            check.layer(superblock, layer)?;
        }
    }
    if let Some(superblock) = &superblock {
        check.intents(superblock)?;
    }
    // Without a head nobody can say which files belong.
    let integrity = superblock.as_ref().is_none_or(|head| head.integrity);
    let known: Option<Vec<u32>> = record.map(|r| r.layers.iter().map(|layer| layer.number).collect());
    check.others(known.as_deref(), integrity)?;
    check.checked.superblock = superblock;
    Ok(check.checked)
}

struct Check<'a> {
    files: &'a Arc<dyn Files>,
    dir: &'a Path,
    repair: bool,
    checked: Checked,
}

impl Check<'_> {
    fn tell(&mut self, severity: Severity, name: &str, what: impl Into<String>, consequence: &'static str) {
        self.tell_of(severity, self.dir.join(name), None, what.into(), consequence);
    }

    fn tell_of(
        &mut self,
        severity: Severity,
        path: PathBuf,
        bytes: Option<Range<u64>>,
        what: String,
        consequence: &'static str,
    ) {
        self.checked.findings.push(Finding { severity, path, bytes, what, consequence, repaired: false });
    }

    /// The finding told last has been put right.
    fn repaired(&mut self) {
        if let Some(last) = self.checked.findings.last_mut() {
            last.repaired = true;
        }
    }

    /// What lies in the directory beside the structures. Without a record nobody can say which layers are left over.
    fn others(&mut self, layers: Option<&[u32]>, integrity: bool) -> Result<(), VolumeError> {
        for name in self.list(self.dir)? {
            let path = self.dir.join(&name);
            let layer = name.strip_prefix("layer.").and_then(|number| number.parse::<u32>().ok());
            match (layer, layers) {
                (Some(number), Some(layers)) if !layers.contains(&number) => {
                    let what = "no record names this layer: a freeze or a merge was interrupted";
                    self.tell(Severity::Leftover, &name, what, "it costs space");
                    self.clear(&path)?;
                }
                (Some(_), _) => {}
                (None, _)
                    if name == format!("{SUPERBLOCK_FILE}.new") || name == format!("{STACK_FILE}.new") =>
                {
                    self.tell(Severity::Leftover, &name, "a replacement that a crash cut off", "none");
                    self.clear(&path)?;
                }
                (None, _) if is_known(&name, integrity) => {}
                (None, _) => {
                    self.tell(Severity::Note, &name, "no file of a volume", "none; it is left alone")
                }
            }
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, VolumeError> {
        let names = self.files.list(dir).map_err(VolumeError::io("listing the directory"))?;
        Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn clear(&mut self, path: &Path) -> Result<(), VolumeError> {
        if !self.repair {
            return Ok(());
        }
        if self.files.is_dir(path) { self.files.remove_dir_all(path) } else { self.files.remove_file(path) }
            .and_then(|()| self.files.sync_dir(self.dir))
            .map_err(VolumeError::io("removing a leftover"))?;
        self.repaired();
        Ok(())
    }
}

fn is_known(name: &str, integrity: bool) -> bool {
    matches!(name, SUPERBLOCK_FILE | STACK_FILE | MAP_FILE)
        || Holds::Data.number(name).is_some()
        || integrity && (name == INTENTS_FILE || Holds::Tags.number(name).is_some())
}
