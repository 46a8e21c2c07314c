//! What the disk does in a run: faults, crashes, and what must lie on it after a crash, whoever reads it.

use crate::common::key;
use crate::run::{Run, WINDOWS, open};
use cipher::{DataUnit, UnitCipher};
use env::{Crash, Files, SimFault, SimOp, SimTamper, Tamper};
use std::path::{Path, PathBuf};

/// Operations that fail: which, where, with which `errno`.
const FAULTS: [(SimOp, &str, i32); 22] = [
    (SimOp::Write, "data.", 28),
    (SimOp::Write, "data.", 5),
    (SimOp::Write, "map", 28),
    (SimOp::Write, "map", 5),
    (SimOp::Sync, "data.", 5),
    (SimOp::Sync, "map", 5),
    (SimOp::Sync, "stack", 5),
    (SimOp::Sync, "superblock", 5),
    (SimOp::Write, "stack", 28),
    (SimOp::Write, "superblock", 28),
    (SimOp::Rename, "stack", 5),
    (SimOp::SetLen, "map", 28),
    (SimOp::SyncDir, "vol-", 5),
    (SimOp::Open, "layer.", 28),
    (SimOp::Read, "data.", 5),
    (SimOp::Read, "map", 5),
    (SimOp::Punch, "data.", 5),
    // Without integrity these wait in vain.
    (SimOp::Write, "tags.", 28),
    (SimOp::Sync, "tags.", 5),
    (SimOp::Read, "tags.", 5),
    (SimOp::Write, "intents", 28),
    (SimOp::Sync, "intents", 5),
];

/// Layout of a map page, by `map/slot.rs`: 8,192 units, 2 bits each.
const UNITS_PER_PAGE: u64 = 8192;
const PAGE_BYTES: usize = 8192;

impl Run {
    /// Something will fail soon.
    pub fn fault(&mut self) {
        self.faults += 1;
        let path = ["data.", "map", "stack", "superblock", "tags.", "intents"][self.dice.below(6) as usize];
        let skip = self.dice.below(4) as u32;
        match self.dice.below(10) {
            0..=3 => {
                let (op, path, errno) = FAULTS[self.dice.below(FAULTS.len() as u64) as usize];
                self.note(&format!("{op:?} of {path} to fail ({errno})"));
                self.files.inject(SimFault { op, path, skip, times: 1, errno });
            }
            4 => {
                let errno = [5, 28][self.dice.below(2) as usize];
                self.note(&format!("write of {path} to be cut short ({errno})"));
                self.files.tamper(SimTamper { path, skip, how: Tamper::Part { errno } });
            }
            5 => {
                self.note("disk nearly full");
                let held: u64 = self.files.paths().iter().map(|path| self.files.bytes_held(path)).sum();
                self.files.limit_space(Some(held + self.dice.below(48) * 512));
            }
            _ => {
                self.note("power to go");
                self.files.cut_power_after(1 + self.dice.below(40));
            }
        }
    }

    /// No more faults; returns whether any was to come or lasted.
    pub fn heal(&mut self) -> bool {
        self.files.limit_space(None);
        self.files.heal() || self.faults > 0
    }

    /// The power goes and comes back.
    pub fn crash(&mut self) {
        let any = [Crash::Lost, Crash::Kept, Crash::Mixed, Crash::Mixed][self.dice.below(4) as usize];
        let how = self.setup.how.unwrap_or(any);
        self.note("crash");
        self.crashes += 1;
        self.files.crash(how);
        self.heal();
        for n in 0..self.volumes.len() {
            self.check_raw(n);
        }
        for n in 0..self.volumes.len() {
            let vol = &mut self.volumes[n];
            vol.device = open(&self.files, &vol.dir, &vol.source, self.setup.encrypted).unwrap();
        }
        self.settle_all(&format!("after a {how:?} crash"));
        for vol in &mut self.volumes {
            // What a new start finds is on the disk.
            vol.model.flushed();
            let listed = vol.volume().frozen_snapshots();
            for id in &listed {
                assert!(vol.frozen.contains_key(id), "{id} is frozen, and should not be");
            }
            for (id, frozen) in &mut vol.frozen {
                assert!(!frozen.sure || listed.contains(id), "{id} was frozen, and is not");
                // One that was not answered, and is there, is as good as the others.
                frozen.sure = listed.contains(id);
            }
            vol.frozen.retain(|_, frozen| frozen.sure);
        }
        self.tag_anew();
        if !self.volumes.is_empty() {
            (0..self.dice.below(3)).for_each(|_| self.check_frozen());
        }
    }

    /// What every volume holds must be allowed.
    pub fn settle_all(&mut self, what: &str) {
        for n in 0..self.volumes.len() {
            let vol = &mut self.volumes[n];
            if !vol.model.settle(&vol.device, &format!("volume {n} {what}")) {
                // Reading loads, and that writes.
                assert!(self.files.is_dark(), "volume {n}: not readable {what}");
                return self.crash();
            }
        }
    }

    /// On the disk itself, past the product's reading: every unit that a map calls written has the data of some version of that
    /// unit, in every layer. (The reverse of "the map never names a unit whose data is not durable".)
    fn check_raw(&mut self, n: usize) {
        let dir = self.volumes[n].dir.clone();
        let Ok(bytes) = self.files.read(&dir.join("stack")) else { panic!("volume {n}: no stack record") };
        let record = volume::readers::Record::decode(&bytes).unwrap();
        for layer in &record.layers {
            let dir = match layer.number {
                0 => dir.clone(),
                number => dir.join(format!("layer.{number:04}")),
            };
            self.check_raw_layer(n, &dir);
        }
    }

    fn check_raw_layer(&mut self, n: usize, dir: &Path) {
        let mut cipher = key(self.setup.encrypted).map(|key| UnitCipher::new(&key).unwrap());
        let map = self.files.open(&dir.join("map"), false).unwrap();
        let data: PathBuf = dir.join("data.0000");
        let units: Vec<u64> = WINDOWS.iter().flat_map(|w| w.start / 4096..w.end.div_ceil(4096)).collect();
        for page in units.chunk_by(|a, b| a / UNITS_PER_PAGE == b / UNITS_PER_PAGE) {
            let index = page[0] / UNITS_PER_PAGE;
            let mut bytes = [0; PAGE_BYTES];
            map.read_zero_filled_at(&mut bytes, index * PAGE_BYTES as u64).unwrap();
            let Some(read) = volume::readers::read_page(index as u32, &bytes).unwrap() else { continue };
            for unit in page {
                let at = (unit % UNITS_PER_PAGE) as usize;
                if read.words[at / 32] >> (at % 32 * 2) & 3 != 1 {
                    continue;
                }
                let mut bytes = [0; 4096];
                let file =
                    self.files.open(&data, false).expect("a map names units, and there is no data file");
                assert!(unit * 4096 < file.len().unwrap(), "volume {n}: unit {unit} lies behind the end");
                file.read_zero_filled_at(&mut bytes, unit * 4096).unwrap();
                if let Some(cipher) = &mut cipher {
                    cipher.decrypt(DataUnit(*unit), &mut bytes).unwrap();
                }
                self.volumes[n].model.expect_ever(
                    unit * 4096,
                    &bytes,
                    &format!("volume {n}, {}", dir.display()),
                );
            }
        }
    }
}
