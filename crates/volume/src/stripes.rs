//! Striped locks over regions of 1 MiB.
//!
//! Reads share, writes and hole punching exclude. That gives three things at once: the read-modify-write of a part of
//! a unit never loses a byte of a neighbour; a read sees a unit's old or new ciphertext and never a mixture that would decrypt
//! to noise; and a hole is never punched between a reader's look at the map and its read. Exclusive whole-unit writes cost
//! nothing that was to be had: the kernel serialises buffered writes to one file anyway.

use crate::geometry::{UNITS_PER_REGION, Unit};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// So many that 64 connections seldom meet by chance.
const STRIPES: u64 = 1024;

pub(crate) struct Stripes([RwLock<()>; STRIPES as usize]);

impl Stripes {
    pub fn new() -> Stripes {
        Stripes([const { RwLock::new(()) }; STRIPES as usize])
    }

    /// For as long as a region's units are looked up and read.
    pub fn read(&self, unit: Unit) -> RwLockReadGuard<'_, ()> {
        self.of(unit).read()
    }

    /// For as long as a region's units are written, marked or punched. Nobody holds two stripes at a time.
    pub fn write(&self, unit: Unit) -> RwLockWriteGuard<'_, ()> {
        self.of(unit).write()
    }

    fn of(&self, unit: Unit) -> &RwLock<()> {
        &self.0[(unit.0 / UNITS_PER_REGION % STRIPES) as usize]
    }
}
