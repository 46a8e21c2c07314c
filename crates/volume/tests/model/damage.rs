//! Damage of what lies on the disk: metadata is refused or read as it was, never misread; damaged data of a volume without integrity
//! is wrong in its unit alone, with integrity it is refused.

use crate::run::{Run, Setup, WINDOWS, open_telling};
use crate::telling;
use env::{Crash, Files, Rot};
use std::path::Path;
use volume::VolumeError;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Opening or reading said so.
    refused: u64,
    /// A copy, or a part that means nothing.
    harmless: u64,
    /// Bytes of the damaged unit differ.
    confined: u64,
}

/// How bytes that are read may differ.
enum Read {
    Right,
    Refused,
    /// In these units.
    Wrong(Vec<u64>),
}

impl Run {
    /// Reads everything in the windows of the volume.
    fn look(&self) -> Read {
        let vol = &self.volumes[self.at];
        let device = match open_telling(&self.files, &vol.dir, &vol.source, self.setup.encrypted, |_| {}) {
            Ok(device) => device,
            Err(VolumeError::Damaged(_) | VolumeError::Newer { .. } | VolumeError::Io { .. }) => {
                return Read::Refused;
            }
            Err(VolumeError::NotFound(_)) => panic!("damage made a volume vanish"),
            Err(other) => panic!("{other}"),
        };
        let (expected, mut wrong, mut refused) = (vol.model.now(), Vec::new(), false);
        if device.size_bytes() != vol.device.size_bytes() {
            return Read::Wrong(Vec::new());
        }
        for unit in WINDOWS.iter().flat_map(|w| w.start / 4096..w.end / 4096) {
            let mut bytes = [0xee; 4096];
            if (unit + 1) * 4096 > device.size_bytes() {
                continue;
            }
            match device.read_at(&mut bytes, unit * 4096) {
                Err(VolumeError::Damaged(_) | VolumeError::Newer { .. } | VolumeError::Io { .. }) => {
                    refused = true
                }
                Err(other) => panic!("{other}"),
                Ok(()) => {
                    let same = (unit * 8..).zip(bytes.as_chunks::<512>().0).all(|(s, b)| expected[&s] == *b);
                    if !same {
                        wrong.push(unit);
                    }
                }
            }
        }
        match (wrong.is_empty(), refused) {
            (false, _) => Read::Wrong(wrong),
            (true, true) => Read::Refused,
            (true, false) => Read::Right,
        }
    }

    /// Damages one sector of a file, looks, and repairs it.
    fn damage(&mut self, path: &Path, offset: u64, rot: Rot, seen: &mut Seen) {
        let file = self.files.open(path, false).unwrap();
        let mut before = [0; 512];
        file.read_zero_filled_at(&mut before, offset).unwrap();
        let before = &before[..before.len().min((file.len().unwrap() - offset) as usize)];
        if !self.files.rot(path, offset, rot).unwrap() {
            return;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match self.look() {
            Read::Refused => seen.refused += 1,
            Read::Right => seen.harmless += 1,
            Read::Wrong(units)
                if name.starts_with("data.") && rot != Rot::Unreadable && !self.setup.integrity =>
            {
                assert_eq!(units, [offset / 4096], "damage of {name} at {offset} is not confined");
                seen.confined += 1;
            }
            Read::Wrong(units) => panic!("{rot:?} of {name} at byte {offset} was misread: units {units:?}"),
        }
        file.write_all_at(before, offset).unwrap();
        file.sync_data().unwrap();
    }
}

/// A volume with three layers, written more than once, flushed and closed.
fn made(seed: u64) -> Run {
    let (encrypted, integrity) = (seed.is_multiple_of(2), seed % 4 >= 2);
    let setup = Setup { seed, encrypted, integrity, restored: false, how: Some(Crash::Kept) };
    let mut run = Run::empty(setup);
    run.create(None);
    for _ in 0..3 {
        for _ in 0..4 {
            for _ in 0..3 {
                let (offset, len) = run.range();
                run.write(offset, len);
            }
            let (offset, len) = run.range();
            run.zero(offset, len);
            run.flush();
        }
        run.freeze(false);
    }
    run.close();
    run
}

#[test]
fn damaged_metadata_is_never_misread_and_damaged_data_is_wrong_in_its_unit_alone() {
    let runs = std::env::var("SEALVOL_MODEL_STEPS").map_or(4, |_| 20);
    let mut all = std::collections::BTreeMap::<String, Seen>::new();
    for seed in 0..runs {
        let mut run = made(seed);
        telling(&mut run, |run| {
            for path in run.files.paths() {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let seen = all.entry(name.clone()).or_default();
                for sector in run.files.sectors(&path).unwrap() {
                    // Of the data, some.
                    if name.starts_with("data.") && !run.dice.one_in(8) {
                        continue;
                    }
                    let bit = run.dice.below(4096) as u16;
                    for rot in [Rot::Flip { bit }, Rot::Unreadable] {
                        run.damage(&path, sector, rot, seen);
                    }
                    // What a crash could have left of a slot cannot be told from a sector that went back to what it was.
                    if !name.starts_with("map") {
                        run.damage(&path, sector, Rot::Zero, seen);
                        run.damage(&path, sector, Rot::Stale, seen);
                    }
                }
            }
        });
    }
    println!("{all:?}");
    for name in ["stack", "superblock", "map", "data.0000", "tags.0000", "intents"] {
        assert!(all[name].refused > 0, "{name}: nothing was refused");
    }
    assert!(all["data.0000"].confined > 0);
}
