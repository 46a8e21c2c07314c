//! A file system in memory that can lose power: what was not synced may be lost, kept, torn or reordered, by a seed.
//!
//! ```text
//!  bytes     a write changes 512-byte sectors. Every sector remembers its versions since the last sync of its file; a
//!            crash picks one of them for each sector by itself (so writes are torn and reordered), or the oldest for
//!            all (lost), or the newest for all (kept). The length likewise.
//!  names     made, renamed and removed in a log; syncing a directory makes its part of the log durable; a crash keeps a
//!            beginning of the rest.
//!  power     can be cut after so many changes: everything fails from there on until `crash` starts the world anew. Every
//!            change is a point where it can go, and has a number and a name.
//!  faults    the n-th operation of a kind on a path fails; after a failed sync the sectors it should have covered stay
//!            readable and never become durable by a later sync, as on Linux. Writes that are cut short, lost, or land
//!            elsewhere; a full disk; a slow one: `faults.rs`.
//!  cache     reads that must not wait find what is in memory: `cache.rs`
//!  damage    of what lies there: flipped bits, zeroed, stale and unreadable sectors: `damage.rs`
//! ```
//! Handles opened before a crash are dead after it, as the process that had them would be.

mod cache;
mod content;
mod damage;
mod faults;
mod file;
mod image;
mod names;

use crate::{File, Files};
use cache::Cache;
use content::Content;
use faults::{Faults, Slow};
use names::{Names, Node};
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use cache::Hint;
pub use damage::Rot;
pub use faults::{Moment, SimFault, SimOp, SimTamper, Tamper};
use file::SimFile;

/// What a crash does to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    Lost,
    Kept,
    /// Each sector by itself.
    Mixed,
}

/// The file system. Clones share it.
#[derive(Clone)]
pub struct SimFiles(Arc<Shared>);

struct Shared {
    world: Mutex<World>,
    slow: Slow,
}

struct World {
    names: Names,
    contents: Vec<Content>,
    /// Counts the crashes.
    epoch: u32,
    seed: u64,
    faults: Faults,
    cache: Cache,
}

impl SimFiles {
    /// An empty file system with the directory `/`.
    pub fn new(seed: u64) -> SimFiles {
        let world = Mutex::new(World {
            names: Names::default(),
            contents: Vec::new(),
            epoch: 0,
            seed,
            faults: Faults::default(),
            cache: Cache::default(),
        });
        SimFiles(Arc::new(Shared { world, slow: Slow::default() }))
    }

    /// Cuts the power and starts again: what was not synced is decided, open handles are dead, faults are forgotten (but not
    /// unreadable sectors, a limit of space, or slowness: those are the disk's).
    pub fn crash(&self, how: Crash) {
        let mut world = self.0.world.lock();
        let world = &mut *world;
        let mut draw = |below: usize| draw(&mut world.seed, below);
        world.contents.iter_mut().for_each(|content| content.crash(how, &mut draw));
        world.names.crash(how, &mut draw);
        world.cache = Cache::default();
        world.epoch += 1;
        world.faults.start_again();
    }

    /// A file whose bytes, synced or not, contain `marker` anywhere; or one where it was and could come back by a crash.
    pub fn find(&self, marker: &[u8]) -> Option<PathBuf> {
        let world = self.0.world.lock();
        let files = world.names.files();
        files.into_iter().find(|(_, n)| world.contents[*n].contains(marker)).map(|(path, _)| path)
    }

    /// Bytes that a file takes, holes not counted.
    pub fn bytes_held(&self, path: &Path) -> u64 {
        let world = self.0.world.lock();
        if let Some(Node::File(n)) = world.names.get(path) { world.contents[n].bytes_held() } else { 0 }
    }
}

/// SplitMix64, below a limit.
fn draw(seed: &mut u64, below: usize) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % below.max(1) as u64) as usize
}

impl World {
    /// Whether an operation may go on. `Err` after a fault or in the dark.
    fn allow(&mut self, op: SimOp, path: &Path) -> io::Result<()> {
        self.faults.allow(op, path)
    }

    /// Counts a change. `Err` when it was the one at which the power went.
    fn changed(&mut self, op: SimOp, path: &Path) -> io::Result<()> {
        self.faults.changed(op, path)
    }

    fn node(&self, path: &Path) -> io::Result<Node> {
        self.names.get(path).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl SimFiles {
    fn open_file(&self, path: &Path, create: bool) -> io::Result<SimFile> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Open, path)?;
        let content = match world.names.get(path) {
            Some(Node::File(content)) => content,
            Some(Node::Dir) => return Err(ErrorKind::IsADirectory.into()),
            None if !create => return Err(ErrorKind::NotFound.into()),
            None => {
                world.contents.push(Content::default());
                let content = world.contents.len() - 1;
                world.names.add(path, Node::File(content))?;
                world.changed(SimOp::Open, path)?;
                content
            }
        };
        Ok(SimFile::new(self, path, content, world.epoch))
    }
}

impl Files for SimFiles {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(self.open_file(path, create)?))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open_file(path, false)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).map_err(|_| ErrorKind::FileTooLarge)?];
        file.read_zero_filled_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".new");
        let (temporary, parent) = (PathBuf::from(temporary), path.parent().ok_or(ErrorKind::InvalidInput)?);
        let file = self.open_file(&temporary, true)?;
        file.set_len(0)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        self.rename(&temporary, path)?;
        self.sync_dir(parent)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Open, path)?;
        let mut missing: Vec<&Path> = path.ancestors().take_while(|p| world.names.get(p).is_none()).collect();
        missing.reverse();
        for dir in missing {
            world.names.add(dir, Node::Dir)?;
            world.changed(SimOp::Open, dir)?;
        }
        match world.names.get(path) {
            Some(Node::Dir) => Ok(()),
            _ => Err(ErrorKind::AlreadyExists.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Rename, from)?;
        world.names.rename(from, to)?;
        world.changed(SimOp::Rename, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::SyncDir, path)?;
        if world.node(path)? != Node::Dir {
            return Err(ErrorKind::NotADirectory.into());
        }
        world.changed(SimOp::SyncDir, path)?;
        world.names.sync_dir(path);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Remove, path)?;
        match world.node(path)? {
            Node::Dir => Err(ErrorKind::IsADirectory.into()),
            Node::File(_) => {
                world.names.remove(path);
                world.changed(SimOp::Remove, path)
            }
        }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Remove, path)?;
        if world.node(path)? != Node::Dir {
            return Err(ErrorKind::NotADirectory.into());
        }
        if !world.names.in_dir(path).is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        world.names.remove(path);
        world.changed(SimOp::Remove, path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Remove, path)?;
        world.node(path)?;
        // Each a change of its own: files first (in the order of their names; a real file system has another order, which
        // nobody may rely on), then directories, deepest first.
        let below = world.names.at_and_below(path);
        let (dirs, files): (Vec<_>, Vec<_>) =
            below.into_iter().partition(|p| world.names.get(p) == Some(Node::Dir));
        for gone in files.into_iter().chain(dirs.into_iter().rev()) {
            world.names.remove(&gone);
            world.changed(SimOp::Remove, &gone)?;
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.world.lock().names.get(path).is_some()
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.world.lock().names.get(path) == Some(Node::Dir)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut world = self.0.world.lock();
        world.allow(SimOp::Read, path)?;
        if world.node(path)? != Node::Dir {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(world.names.in_dir(path))
    }
}

#[cfg(test)]
mod tests;
