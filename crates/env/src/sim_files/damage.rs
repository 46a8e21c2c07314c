//! Damage of what lies on the disk: bit rot, sectors that were zeroed or hold what was there before, unreadable ones; and a look
//! at what is durable.

use super::SimFiles;
use super::content::SECTOR;
use std::io;
use std::path::Path;

/// What happens to a sector of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rot {
    /// This bit of the sector is the other way round.
    Flip {
        bit: u16,
    },
    Zero,
    /// It holds what was durable there before the present.
    Stale,
    /// Reading it is EIO, until it is written.
    Unreadable,
}

impl SimFiles {
    /// Damages the durable content of the sector that holds byte `offset`. What was written there and not synced yet hides
    /// it, as a cache does. Returns whether anything is different now.
    pub fn rot(&self, path: &Path, offset: u64, rot: Rot) -> io::Result<bool> {
        let mut world = self.0.world.lock();
        let content = world.content_of(path)?;
        Ok(world.contents[content].rot(offset / SECTOR, rot))
    }

    /// What a crash that loses all it may lose would leave of a file; the length is the present one.
    pub fn durable(&self, path: &Path) -> io::Result<Vec<u8>> {
        let world = self.0.world.lock();
        Ok(world.contents[world.content_of(path)?].durable())
    }

    /// Offsets of the sectors that hold anything, durable or not.
    pub fn sectors(&self, path: &Path) -> io::Result<Vec<u64>> {
        let world = self.0.world.lock();
        Ok(world.contents[world.content_of(path)?].sectors().map(|sector| sector * SECTOR).collect())
    }

    /// Every file there is.
    pub fn paths(&self) -> Vec<std::path::PathBuf> {
        self.0.world.lock().names.files().into_iter().map(|(path, _)| path).collect()
    }
}
