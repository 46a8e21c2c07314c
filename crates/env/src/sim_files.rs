//! A file system in memory that can lose power: what was not synced may be lost, kept, torn or reordered, by a seed.
//!
//! ```text
//!  bytes     a write changes 512-byte sectors. Every sector remembers its versions since the last sync of its file; a
//!            crash picks one of them for each sector by itself (so writes are torn and reordered), or the oldest for
//!            all (lost), or the newest for all (kept). The length likewise.
//!  names     made, renamed and removed in a log; syncing a directory makes its part of the log durable; a crash keeps a
//!            beginning of the rest.
//!  power     can be cut after so many changes: everything fails from there on until `crash` starts the world anew.
//!  faults    the n-th operation of a kind on a path fails; after a failed sync the sectors it should have covered stay
//!            readable and never become durable by a later sync, as on Linux.
//! ```
//! Handles opened before a crash are dead after it, as the process that had them would be.

mod content;
mod names;

use crate::{File, Files};
use content::Content;
use names::{Names, Node};
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a crash does to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    Lost,
    Kept,
    /// Each sector by itself.
    Mixed,
}

/// Operations that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimOp {
    Open,
    Read,
    Write,
    Sync,
    Punch,
    SetLen,
    SyncDir,
    Rename,
    Remove,
}

/// A failure to come.
#[derive(Clone, Debug)]
pub struct SimFault {
    pub op: SimOp,
    /// Only where the path contains this.
    pub path: &'static str,
    /// So many matching operations succeed first.
    pub skip: u32,
    /// Then so many fail.
    pub times: u32,
    /// An `errno` such as `EIO` (5) or `ENOSPC` (28).
    pub errno: i32,
}

/// The file system. Clones share it.
#[derive(Clone)]
pub struct SimFiles(Arc<Mutex<World>>);

struct World {
    names: Names,
    contents: Vec<Content>,
    /// Counts the crashes.
    epoch: u32,
    seed: u64,
    /// Changes until the power goes; `Some(0)`: it is gone.
    power: Option<u64>,
    faults: Vec<SimFault>,
    short_reads: bool,
}

/// An open file.
struct SimFile {
    world: Arc<Mutex<World>>,
    path: PathBuf,
    content: usize,
    epoch: u32,
}

impl SimFiles {
    /// An empty file system with the directory `/`.
    pub fn new(seed: u64) -> SimFiles {
        SimFiles(Arc::new(Mutex::new(World {
            names: Names::default(),
            contents: Vec::new(),
            epoch: 0,
            seed,
            power: None,
            faults: Vec::new(),
            short_reads: false,
        })))
    }

    /// Cuts the power and starts again: what was not synced is decided, open handles are dead, faults are forgotten.
    pub fn crash(&self, how: Crash) {
        let mut world = self.0.lock();
        let world = &mut *world;
        let mut draw = |below: usize| draw(&mut world.seed, below);
        world.contents.iter_mut().for_each(|content| content.crash(how, &mut draw));
        world.names.crash(how, &mut draw);
        world.epoch += 1;
        world.power = None;
        world.faults.clear();
    }

    /// Lets so many changes happen and then fails everything until [`SimFiles::crash`]. The change at which it happens
    /// may take place in part.
    pub fn cut_power_after(&self, changes: u64) {
        self.0.lock().power = Some(changes);
    }

    /// Whether the power is gone.
    pub fn is_dark(&self) -> bool {
        self.0.lock().power == Some(0)
    }

    pub fn inject(&self, fault: SimFault) {
        self.0.lock().faults.push(fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.lock().faults.clear();
    }

    /// Lets reads return fewer bytes than asked, as the kernel may.
    pub fn read_short(&self, short: bool) {
        self.0.lock().short_reads = short;
    }

    /// A file whose bytes, synced or not, contain `marker` anywhere; or one where it was and could come back by a crash.
    pub fn find(&self, marker: &[u8]) -> Option<PathBuf> {
        let world = self.0.lock();
        let files = world.names.files();
        files.into_iter().find(|(_, n)| world.contents[*n].contains(marker)).map(|(path, _)| path)
    }

    /// Bytes that a file takes, holes not counted.
    pub fn bytes_held(&self, path: &Path) -> u64 {
        let world = self.0.lock();
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
        if self.power == Some(0) {
            return Err(io::Error::other("the power is gone"));
        }
        let text = path.to_string_lossy();
        for fault in &mut self.faults {
            if fault.op != op || fault.times == 0 || !text.contains(fault.path) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            return Err(io::Error::from_raw_os_error(fault.errno));
        }
        Ok(())
    }

    /// Counts a change. `Err` when it was the one at which the power went.
    fn changed(&mut self) -> io::Result<()> {
        match &mut self.power {
            None => Ok(()),
            Some(left) => {
                *left = left.saturating_sub(1);
                if *left == 0 { Err(io::Error::other("the power went")) } else { Ok(()) }
            }
        }
    }

    fn node(&self, path: &Path) -> io::Result<Node> {
        self.names.get(path).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync(&mut self, path: &Path, content: usize) -> io::Result<()> {
        if let Err(e) = self.allow(SimOp::Sync, path) {
            self.contents[content].fail_sync();
            return Err(e);
        }
        // Before the sync: it may be cut when nothing, or something, is durable.
        self.changed()?;
        self.contents[content].sync();
        Ok(())
    }
}

impl File for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.world(SimOp::Read)?;
        let mut wanted = buf.len();
        if world.short_reads && wanted > 1 {
            wanted = 1 + draw(&mut world.seed, wanted);
        }
        Ok(world.contents[self.content].read(&mut buf[..wanted], offset))
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.world(SimOp::Write)?;
        world.contents[self.content].write(buf, offset);
        world.changed()
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut world = self.world.lock();
        self.alive(&world)?;
        world.sync(&self.path, self.content)
    }

    fn punch_hole(&self, offset: u64, len: u64) -> io::Result<()> {
        let mut world = self.world(SimOp::Punch)?;
        world.contents[self.content].punch(offset, len);
        world.changed()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut world = self.world(SimOp::SetLen)?;
        world.contents[self.content].set_len(len);
        world.changed()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.world(SimOp::Read)?.contents[self.content].len())
    }
}

impl SimFile {
    fn alive(&self, world: &World) -> io::Result<()> {
        if world.epoch == self.epoch { Ok(()) } else { Err(io::Error::other("opened before the crash")) }
    }

    fn world(&self, op: SimOp) -> io::Result<parking_lot::MutexGuard<'_, World>> {
        let mut world = self.world.lock();
        self.alive(&world)?;
        world.allow(op, &self.path)?;
        Ok(world)
    }
}

impl SimFiles {
    fn open_file(&self, path: &Path, create: bool) -> io::Result<SimFile> {
        let mut world = self.0.lock();
        world.allow(SimOp::Open, path)?;
        let content = match world.names.get(path) {
            Some(Node::File(content)) => content,
            Some(Node::Dir) => return Err(ErrorKind::IsADirectory.into()),
            None if !create => return Err(ErrorKind::NotFound.into()),
            None => {
                world.contents.push(Content::default());
                let content = world.contents.len() - 1;
                world.names.add(path, Node::File(content))?;
                world.changed()?;
                content
            }
        };
        Ok(SimFile { world: self.0.clone(), path: path.into(), content, epoch: world.epoch })
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
        let mut world = self.0.lock();
        world.allow(SimOp::Open, path)?;
        let mut missing: Vec<&Path> = path.ancestors().take_while(|p| world.names.get(p).is_none()).collect();
        missing.reverse();
        for dir in missing {
            world.names.add(dir, Node::Dir)?;
            world.changed()?;
        }
        match world.names.get(path) {
            Some(Node::Dir) => Ok(()),
            _ => Err(ErrorKind::AlreadyExists.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        world.allow(SimOp::Rename, from)?;
        world.names.rename(from, to)?;
        world.changed()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        world.allow(SimOp::SyncDir, path)?;
        if world.node(path)? != Node::Dir {
            return Err(ErrorKind::NotADirectory.into());
        }
        world.changed()?;
        world.names.sync_dir(path);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        world.allow(SimOp::Remove, path)?;
        match world.node(path)? {
            Node::Dir => Err(ErrorKind::IsADirectory.into()),
            Node::File(_) => {
                world.names.remove(path);
                world.changed()
            }
        }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        world.allow(SimOp::Remove, path)?;
        if world.node(path)? != Node::Dir {
            return Err(ErrorKind::NotADirectory.into());
        }
        if !world.names.in_dir(path).is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        world.names.remove(path);
        world.changed()
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        world.allow(SimOp::Remove, path)?;
        world.node(path)?;
        // Each a change of its own: files first (in the order of their names; a real file system has another order, which
        // nobody may rely on), then directories, deepest first.
        let below = world.names.at_and_below(path);
        let (dirs, files): (Vec<_>, Vec<_>) =
            below.into_iter().partition(|p| world.names.get(p) == Some(Node::Dir));
        for gone in files.into_iter().chain(dirs.into_iter().rev()) {
            world.names.remove(&gone);
            world.changed()?;
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.lock().names.get(path).is_some()
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.lock().names.get(path) == Some(Node::Dir)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut world = self.0.lock();
        world.allow(SimOp::Read, path)?;
        if world.node(path)? != Node::Dir {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(world.names.in_dir(path))
    }
}

#[cfg(test)]
mod tests;
