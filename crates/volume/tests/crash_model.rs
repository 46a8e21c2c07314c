//! Random work with power cuts, against a model that remembers what every 512-byte sector may hold.
//!
//! After a crash each sector must be one of the versions it had since the last flush that succeeded: flushed data is
//! intact, unflushed is old or new, nothing is foreign, zeroed stays zero. `SEALVOL_CRASH_SEEDS=n` runs more seeds,
//! `SEALVOL_CRASH_SEED=s` one of them; a failure prints its seed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::sectors::Sectors;
use common::{DIR, Dice, made, made_with_integrity, open};
use env::{Crash, SimFault, SimFiles, SimOp};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Device, ExtentKind, VolumeError};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 100 * MIB + 12 * 4096;
/// Where the work is: start, region border, map-page border, end. Everywhere else there are only zeros.
const WINDOWS: [Range<u64>; 4] = [
    0..64 << 10,
    MIB - (24 << 10)..MIB + (24 << 10),
    64 * MIB - (32 << 10)..64 * MIB + (32 << 10),
    SIZE - (32 << 10)..SIZE,
];
const STEPS: u64 = 120;

struct Run {
    files: SimFiles,
    volume: Arc<Device>,
    model: Sectors,
    dice: Dice,
    encrypted: bool,
}

impl Run {
    fn new(seed: u64) -> Run {
        let (encrypted, integrity) = (seed.is_multiple_of(2), seed % 4 < 2);
        let make = if integrity { made_with_integrity } else { made };
        let (files, volume) = make(seed, SIZE, encrypted);
        files.read_short(seed.is_multiple_of(3));
        Run { files, volume, model: Sectors::new(&WINDOWS), dice: Dice(seed), encrypted }
    }

    /// A range in or around a window, aligned or not.
    fn range(&mut self) -> (u64, u64) {
        let window = WINDOWS[self.dice.below(4) as usize].clone();
        let align = [1, 512, 4096, 4096][self.dice.below(4) as usize];
        let start = window.start + self.dice.below(window.end - window.start) / align * align;
        let len = (1 + self.dice.below(3 * align.max(700))).div_ceil(align) * align;
        (start, len.min(window.end - start))
    }

    fn step(&mut self) {
        // A hole that could not be punched fails nobody, so nobody told us.
        if self.files.is_dark() {
            self.crash();
        }
        let (offset, len) = self.range();
        match self.dice.below(20) {
            0..=7 => self.write(offset, len),
            8..=10 => self.model.expect(offset, &common::read(&self.volume, offset, len as usize)),
            11..=12 => self.zero(offset, len, true),
            13 => self.zero(offset, len, false),
            14 => {
                // Over everything between two windows as well.
                let end = SIZE - self.dice.below(SIZE - offset);
                self.zero(offset, end - offset, true);
            }
            15 => self.trim(offset, len),
            16..=17 => self.flush(),
            18 => self.check_extents(offset, len),
            _ => self.fault(),
        }
    }

    fn write(&mut self, offset: u64, len: u64) {
        let salt = self.dice.below(256) as u8;
        let byte = move |at: u64| (at.wrapping_mul(31) >> 3) as u8 ^ salt;
        let mut bytes: Vec<u8> = (offset..offset + len).map(byte).collect();
        let fua = self.dice.one_in(8);
        self.model.change(offset, len, byte);
        let result = self.volume.write_at(&mut bytes, offset, fua);
        self.done(result, fua);
    }

    fn zero(&mut self, offset: u64, len: u64, punch: bool) {
        let fua = self.dice.one_in(8);
        self.model.change(offset, len, |_| 0);
        let result = self.volume.write_zeroes(offset, len, punch, fua);
        self.done(result, fua);
    }

    fn trim(&mut self, offset: u64, len: u64) {
        let (start, end) = (offset.next_multiple_of(4096), (offset + len) / 4096 * 4096);
        self.model.change(start, end.saturating_sub(start), |_| 0);
        let result = self.volume.trim(offset, len);
        self.done(result, false);
    }

    fn flush(&mut self) {
        let result = self.volume.flush();
        if result.is_ok() {
            self.volume.volume().age_intents();
        }
        self.done(result, true);
    }

    /// Takes the result of an operation that the model has already done.
    fn done(&mut self, result: Result<(), VolumeError>, flushes: bool) {
        match result {
            Ok(()) if flushes => self.model.flushed(),
            Ok(()) => {}
            Err(_) if self.files.is_dark() => self.crash(),
            // A fault: the range is old or new, and that can be read.
            Err(error) => {
                self.files.heal();
                assert!(self.model.settle(&self.volume, "after a fault"));
                if !error.leaves_volume_writable() {
                    assert!(self.volume.flush().is_err(), "a failed sync was forgotten");
                    assert!(self.volume.write_at(&mut [1], 0, false).is_err());
                    self.crash();
                }
            }
        }
    }

    fn check_extents(&mut self, offset: u64, len: u64) {
        let extents = self.volume.extents(offset, len, usize::MAX).unwrap();
        assert_eq!(extents.iter().map(|e| e.len).sum::<u64>(), len);
        let mut at = offset;
        for extent in extents {
            if extent.kind != ExtentKind::Data {
                let bytes = common::read(&self.volume, at, extent.len as usize);
                assert!(bytes.iter().all(|b| *b == 0));
            }
            at += extent.len;
        }
    }

    /// Something will fail soon.
    fn fault(&mut self) {
        let (op, path, errno) = match self.dice.below(10) {
            0 => (SimOp::Write, "data.", 28),
            1 => (SimOp::Write, "data.", 5),
            2 => (SimOp::Write, "map", 28),
            3 => (SimOp::Sync, "data.", 5),
            4 => (SimOp::Sync, "map", 5),
            5 => (SimOp::Write, "tags.", 28),
            6 => (SimOp::Sync, "tags.", 5),
            7 => (SimOp::Write, "intents", 28),
            8 => (SimOp::Sync, "intents", 5),
            _ => return self.files.cut_power_after(1 + self.dice.below(12)),
        };
        let skip = self.dice.below(3) as u32;
        self.files.inject(SimFault { op, path, skip, times: 1, errno });
    }

    fn crash(&mut self) {
        let how = [Crash::Lost, Crash::Kept, Crash::Mixed, Crash::Mixed][self.dice.below(4) as usize];
        self.files.crash(how);
        self.volume = open(&self.files, self.encrypted).unwrap();
        assert!(self.model.settle(&self.volume, &format!("after a {how:?} crash")));
        // What a new start finds is on the disk.
        self.model.flushed();
        if self.dice.one_in(2) {
            self.volume.settle(&AtomicBool::new(false)).unwrap();
            assert!(!self.volume.is_unsure() && self.model.settle(&self.volume, "settled"));
        }
        for _ in 0..4 {
            let (at, len) = (self.dice.below(SIZE - 9000), self.dice.below(9000));
            self.model.expect(at, &common::read(&self.volume, at, len as usize));
        }
    }
}

fn run(seed: u64) {
    println!("seed {seed}: repeat with SEALVOL_CRASH_SEED={seed}");
    let mut run = Run::new(seed);
    for _ in 0..STEPS {
        run.step();
        if run.dice.one_in(25) {
            run.crash();
        }
    }
    run.crash();
    assert!(run.files.find(b"\xee\xee\xee\xee\xee\xee\xee\xee").is_none(), "{DIR}");
}

#[test]
fn after_any_crash_every_sector_is_one_it_was_since_the_last_flush() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SEALVOL_CRASH_SEED") {
        Some(seed) => run(seed),
        None => (0..number("SEALVOL_CRASH_SEEDS").unwrap_or(60)).for_each(run),
    }
}
