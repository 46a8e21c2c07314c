//! An open simulated file: where faults meet bytes.

use super::content::SECTOR;
use super::faults::{Moment, Tamper};
use super::names::Node;
use super::{Shared, SimFiles, SimOp, World, draw};
use crate::File;
use parking_lot::MutexGuard;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ENOSPC: i32 = 28;

pub(super) struct SimFile {
    shared: Arc<Shared>,
    path: PathBuf,
    content: usize,
    epoch: u32,
}

impl SimFile {
    pub fn new(files: &SimFiles, path: &Path, content: usize, epoch: u32) -> SimFile {
        SimFile { shared: files.0.clone(), path: path.into(), content, epoch }
    }

    fn alive(&self, world: &World) -> io::Result<()> {
        if world.epoch == self.epoch { Ok(()) } else { Err(io::Error::other("opened before the crash")) }
    }

    fn world(&self, op: SimOp) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.shared.world.lock();
        self.alive(&world)?;
        world.faults.allow(op, &self.path)?;
        Ok(world)
    }

    /// Does an operation, slowly.
    fn slowly<T>(&self, op: SimOp, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.shared.slow.step(Moment::Before, op, &self.path);
        let done = work()?;
        self.shared.slow.step(Moment::After, op, &self.path);
        Ok(done)
    }

    fn write_tampered(&self, world: &mut World, how: Tamper, buf: &[u8], offset: u64) -> io::Result<()> {
        match how {
            Tamper::Part { errno } => {
                let sectors = buf.len().div_ceil(SECTOR as usize);
                let kept = (draw(&mut world.seed, sectors) * SECTOR as usize).min(buf.len());
                world.contents[self.content].write(&buf[..kept], offset);
                world.faults.changed(SimOp::Write, &self.path)?;
                return Err(io::Error::from_raw_os_error(errno));
            }
            Tamper::Lost => world.contents[self.content].write_lost(buf, offset),
            Tamper::Elsewhere { sectors } => {
                world.contents[self.content].write_lost(buf, offset);
                world.contents[self.content].overwrite_durable(buf, offset + sectors * SECTOR);
            }
            Tamper::FlipOnRead => {}
        }
        world.faults.changed(SimOp::Write, &self.path)
    }

    /// Writes, on a disk that is not larger than it is.
    fn write(&self, world: &mut World, buf: &[u8], offset: u64) -> io::Result<()> {
        let mut fits = buf.len();
        if let Some(space) = world.faults.space {
            let held: u64 = world.names.files().iter().map(|(_, n)| world.contents[*n].bytes_held()).sum();
            fits = world.contents[self.content].fitting(buf.len(), offset, space.saturating_sub(held));
        }
        world.contents[self.content].write(&buf[..fits], offset);
        world.faults.changed(SimOp::Write, &self.path)?;
        if fits < buf.len() { Err(io::Error::from_raw_os_error(ENOSPC)) } else { Ok(()) }
    }
}

impl File for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.slowly(SimOp::Read, || {
            let mut world = self.world(SimOp::Read)?;
            let mut wanted = buf.len();
            if world.faults.short_reads && wanted > 1 {
                wanted = 1 + draw(&mut world.seed, wanted);
            }
            let read = world.contents[self.content].read(&mut buf[..wanted], offset)?;
            world.cache.keep(self.content, offset, read as u64);
            if read > 0 && world.faults.tamper(SimOp::Read, &self.path).is_some() {
                buf[draw(&mut world.seed, read)] ^= 1 << draw(&mut world.seed, 8);
            }
            Ok(read)
        })
    }

    fn read_at_once(&self, buf: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        let cached = self.shared.world.lock().cache.holds(self.content, offset, buf.len() as u64);
        if cached { self.read_at(buf, offset).map(Some) } else { Ok(None) }
    }

    fn will_need(&self, offset: u64, len: u64) {
        self.shared.world.lock().cache.hint(&self.path, self.content, offset, len);
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.slowly(SimOp::Write, || {
            let mut world = self.world(SimOp::Write)?;
            world.cache.keep(self.content, offset, buf.len() as u64);
            if let Some(how) = world.faults.tamper(SimOp::Write, &self.path) {
                return self.write_tampered(&mut world, how, buf, offset);
            }
            if !world.faults.split_writes {
                return self.write(&mut world, buf, offset);
            }
            let (mut rest, mut at) = (buf, offset);
            while !rest.is_empty() {
                let sectors = 1 + draw(&mut world.seed, rest.len().div_ceil(SECTOR as usize));
                let (part, tail) = rest.split_at((sectors * SECTOR as usize).min(rest.len()));
                self.write(&mut world, part, at)?;
                drop(world);
                self.shared.slow.step(Moment::Before, SimOp::Write, &self.path);
                world = self.shared.world.lock();
                self.alive(&world)?;
                (rest, at) = (tail, at + part.len() as u64);
            }
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.slowly(SimOp::Sync, || {
            let mut world = self.shared.world.lock();
            self.alive(&world)?;
            if let Err(e) = world.faults.allow(SimOp::Sync, &self.path) {
                world.contents[self.content].fail_sync();
                return Err(e);
            }
            // Before the sync: it may be cut when nothing, or something, is durable.
            world.faults.changed(SimOp::Sync, &self.path)?;
            world.contents[self.content].sync();
            Ok(())
        })
    }

    fn punch_hole(&self, offset: u64, len: u64) -> io::Result<()> {
        self.slowly(SimOp::Punch, || {
            let mut world = self.world(SimOp::Punch)?;
            world.contents[self.content].punch(offset, len);
            world.faults.changed(SimOp::Punch, &self.path)
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.slowly(SimOp::SetLen, || {
            let mut world = self.world(SimOp::SetLen)?;
            world.contents[self.content].set_len(len);
            world.faults.changed(SimOp::SetLen, &self.path)
        })
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.world(SimOp::Read)?.contents[self.content].len())
    }
}

impl World {
    /// The number of a file's content.
    pub(super) fn content_of(&self, path: &Path) -> io::Result<usize> {
        match self.node(path)? {
            Node::File(content) => Ok(content),
            Node::Dir => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}
