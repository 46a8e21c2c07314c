//! Random work on a volume with layers: writes, freezes, storing, thaws, merges, loading, growing, full disks, power cuts;
//! against a model.
//!
//! After every start: flushed bytes are there, unflushed ones are old or new; every snapshot whose freeze was answered reads as
//! at its instant, by all its chunks as well as by those that changed laid over the base. `SEALVOL_LAYERS_SEEDS=n` runs more
//! seeds, `SEALVOL_LAYERS_SEED=s` one of them; a failure prints its seed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::chunks::{Chunks, Stored, expect, open_from, origin, overlay, striped};
use common::sectors::{Content, Sectors};
use common::{DIR, Dice, read, shared, spec};
use env::{Crash, Files, SimFault, SimFiles, SimOp};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use volume::{Device, ExtentKind, Volume, VolumeError};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 33 * MIB + 12 * 4096;
const GROWN: [u64; 2] = [65 * MIB, 97 * MIB + 8192];
/// Where the work is: start, region border, map-page border, end, and what growing adds.
const WINDOWS: [Range<u64>; 6] = [
    0..48 << 10,
    MIB - (16 << 10)..MIB + (16 << 10),
    32 * MIB - (24 << 10)..32 * MIB + (24 << 10),
    SIZE - (24 << 10)..SIZE,
    64 * MIB - (16 << 10)..64 * MIB + (16 << 10),
    97 * MIB..97 * MIB + 8192,
];
const STEPS: u64 = 150;

struct Frozen {
    content: Content,
    size_bytes: u64,
    /// Freezing was answered.
    sure: bool,
}

struct Run {
    files: SimFiles,
    source: Option<Arc<Stored>>,
    volume: Arc<Volume>,
    device: Arc<Device>,
    model: Sectors,
    /// Frozen and not thawed, as far as the model knows.
    frozen: BTreeMap<String, Frozen>,
    stored: BTreeMap<String, Chunks>,
    next_snapshot: u32,
    dice: Dice,
    encrypted: bool,
    /// What happened, for the reader of a failure.
    done: Vec<&'static str>,
}

fn open(files: &SimFiles, source: &Option<Arc<Stored>>, encrypted: bool) -> Arc<Device> {
    let damaged = |damage| panic!("{damage:?}");
    open_from(shared(files), Path::new(DIR), source.clone(), encrypted, damaged).unwrap()
}

impl Run {
    fn new(seed: u64) -> Run {
        let (encrypted, files) = (seed.is_multiple_of(2), SimFiles::new(seed));
        let mut model = Sectors::new(&WINDOWS);
        // Chunks of the windows, and one where nobody works.
        let source = (seed % 4 >= 2).then(|| {
            Arc::new(striped(SIZE, &[0, 1, 2, 20, 63, 64, 66], encrypted, |at, byte| {
                model.change(at, 4096, |_| byte)
            }))
        });
        let mut wanted = spec(SIZE, encrypted);
        wanted.source = source.as_ref().map(|_| origin());
        common::create(&files, &wanted, seed % 8 < 4);
        model.flushed();
        let device = open(&files, &source, encrypted);
        files.read_short(seed.is_multiple_of(3));
        let stored = source.iter().map(|s| (origin().snapshot, s.chunks.clone())).collect();
        Run {
            volume: device.volume().clone(),
            files,
            source,
            device,
            model,
            frozen: BTreeMap::new(),
            stored,
            next_snapshot: 0,
            dice: Dice(seed),
            encrypted,
            done: Vec::new(),
        }
    }

    /// A range in a window that is inside the volume, aligned or not.
    fn range(&mut self) -> (u64, u64) {
        let size = self.device.size_bytes();
        let inside: Vec<_> = WINDOWS.into_iter().filter(|w| w.end <= size).collect();
        let window = inside[self.dice.below(inside.len() as u64) as usize].clone();
        let align = [1, 512, 4096, 4096][self.dice.below(4) as usize];
        let start = window.start + self.dice.below(window.end - window.start) / align * align;
        let len = (1 + self.dice.below(3 * align.max(700))).div_ceil(align) * align;
        (start, len.min(window.end - start))
    }

    fn step(&mut self) {
        if self.files.is_dark() {
            self.crash();
        }
        let (offset, len) = self.range();
        match self.dice.below(32) {
            0..=8 => self.write(offset, len),
            9..=10 => self.read(offset, len),
            11..=13 => self.zero(offset, len),
            14 => self.trim(offset, len),
            15..=16 => self.flush(),
            17..=19 => self.freeze(),
            20..=21 => self.check_frozen(),
            22..=24 => self.store_and_thaw(),
            25..=27 => self.merge(),
            28 => self.load(),
            29 => self.grow(),
            30 => self.close(),
            _ => self.fault(),
        }
    }

    fn note(&mut self, what: &'static str) {
        self.done.push(what);
    }

    fn write(&mut self, offset: u64, len: u64) {
        self.note("write");
        let salt = self.dice.below(256) as u8;
        let byte = move |at: u64| (at.wrapping_mul(31) >> 3) as u8 ^ salt;
        let mut bytes: Vec<u8> = (offset..offset + len).map(byte).collect();
        let fua = self.dice.one_in(10);
        self.model.change(offset, len, byte);
        let result = self.device.write_at(&mut bytes, offset, fua);
        self.ended(result, fua);
    }

    fn read(&mut self, offset: u64, len: u64) {
        self.note("read");
        let mut bytes = vec![0xee; len as usize];
        match self.device.read_at(&mut bytes, offset) {
            Ok(()) => self.model.expect(offset, &bytes),
            // It had to load, and could not write or flush.
            Err(error) => self.ended(Err(error), false),
        }
        if self.files.is_dark() {
            return self.crash();
        }
        let extents = self.device.extents(offset, len, usize::MAX).unwrap();
        assert_eq!(extents.iter().map(|e| e.len).sum::<u64>(), len);
        let mut at = offset;
        for extent in extents {
            if extent.kind != ExtentKind::Data {
                self.model.expect(at, &vec![0; extent.len as usize]);
            }
            at += extent.len;
        }
    }

    fn zero(&mut self, offset: u64, len: u64) {
        self.note("zero");
        let (fua, punch) = (self.dice.one_in(10), !self.dice.one_in(4));
        self.model.change(offset, len, |_| 0);
        let result = self.device.write_zeroes(offset, len, punch, fua);
        self.ended(result, fua);
    }

    fn trim(&mut self, offset: u64, len: u64) {
        self.note("trim");
        let (start, end) = (offset.next_multiple_of(4096), (offset + len) / 4096 * 4096);
        self.model.change(start, end.saturating_sub(start), |_| 0);
        let result = self.device.trim(offset, len);
        self.ended(result, false);
    }

    fn flush(&mut self) {
        self.note("flush");
        self.ended(self.device.flush().map(|()| self.volume.age_intents()), true);
    }

    fn close(&mut self) {
        self.note("close");
        let result = self.device.close();
        self.ended(result, true);
    }

    fn freeze(&mut self) {
        self.note("freeze");
        let id = format!("snap-{}", self.next_snapshot);
        self.next_snapshot += 1;
        let result = volume::freeze(&[(self.volume.clone(), &id)]);
        let (content, sure) = (self.model.now(), result.is_ok());
        if !sure && !self.files.is_dark() {
            assert!(!self.volume.frozen_snapshots().contains(&id), "not frozen, and listed");
        }
        self.frozen.insert(id.clone(), Frozen { content, size_bytes: self.device.size_bytes(), sure });
        if sure && self.dice.one_in(3) {
            volume::freeze(&[(self.volume.clone(), &id)]).unwrap();
        }
        self.ended(result, true);
    }

    fn a_frozen_one(&mut self) -> Option<String> {
        let n = self.dice.below(self.frozen.len() as u64) as usize;
        self.frozen.iter().filter(|(_, frozen)| frozen.sure).nth(n).map(|(id, _)| id.clone())
    }

    /// All chunks of a frozen snapshot say what the model remembers.
    fn check_frozen(&mut self) {
        self.note("check frozen");
        let Some(id) = self.a_frozen_one() else { return };
        let source = self.volume.frozen(&id, false).unwrap();
        let frozen = &self.frozen[&id];
        assert_eq!(source.size_bytes(), frozen.size_bytes);
        match overlay(&Chunks::new(), &source) {
            Ok(all) => expect(&all, &frozen.content, frozen.size_bytes, self.encrypted, &id),
            Err(_) => self.ended(Ok(()), false),
        }
    }

    fn store_and_thaw(&mut self) {
        let Some(id) = self.a_frozen_one() else { return };
        let frozen = &self.frozen[&id];
        let base = self.volume.base();
        let source = self.volume.frozen(&id, base.is_some()).unwrap();
        let none = Chunks::new();
        let below = base.as_ref().map_or(&none, |base| &self.stored[base]);
        let Ok(all) = overlay(below, &source) else { return self.ended(Ok(()), false) };
        expect(&all, &frozen.content, frozen.size_bytes, self.encrypted, &format!("{id} over {base:?}"));
        drop(source);
        self.stored.insert(id.clone(), all);
        let stored = !self.dice.one_in(3);
        self.note(if stored { "thaw stored" } else { "thaw" });
        let result = self.volume.thaw(&id, stored);
        match result {
            Ok(()) => drop(self.frozen.remove(&id)),
            // It may be thawed after the next start.
            Err(_) => self.frozen.get_mut(&id).unwrap().sure = false,
        }
        self.ended(result, false);
    }

    fn merge(&mut self) {
        self.note("merge");
        let result = self.volume.merge(&AtomicBool::new(self.dice.one_in(6)));
        let layers = self.files.list(Path::new(DIR)).unwrap_or_default();
        let layers = layers.iter().filter(|name| name.to_string_lossy().starts_with("layer.")).count();
        if result.is_ok() && self.volume.frozen_snapshots().is_empty() && !self.files.is_dark() {
            assert_eq!(layers, 0, "merged, and still more than one layer");
        }
        self.ended(result, false);
    }

    fn load(&mut self) {
        self.note("load");
        let (stop, until) = (AtomicBool::new(false), self.dice.below(5));
        let at_chunk = |done, _| stop.store(done >= until && until < 3, Ordering::Relaxed);
        let result = self.volume.load_all(&at_chunk, &stop);
        if result.is_ok() {
            assert!(self.volume.source().is_none());
        }
        self.ended(result, false);
    }

    fn grow(&mut self) {
        self.note("grow");
        let size = self.device.size_bytes();
        assert!(matches!(self.volume.grow(size - 4096), Err(VolumeError::BadSpec(_))));
        let Some(larger) = GROWN.into_iter().find(|larger| *larger > size && self.dice.one_in(2)) else {
            return;
        };
        let result = self.volume.grow(larger);
        assert_eq!(self.device.size_bytes(), if result.is_ok() { larger } else { size });
        self.ended(result, false);
    }

    /// Takes the result of an operation that the model has already done.
    fn ended(&mut self, result: Result<(), VolumeError>, flushes: bool) {
        match result {
            _ if self.files.is_dark() => self.crash(),
            Ok(()) if flushes => self.model.flushed(),
            Ok(()) | Err(VolumeError::Stopped) => {}
            // A fault: the range is old or new, and that can be read.
            Err(error) => {
                self.files.heal();
                if !self.model.settle(&self.device, &format!("after {error}")) {
                    assert!(self.files.is_dark(), "after {error}: cannot be read");
                    return self.crash();
                }
                if !error.leaves_volume_writable() {
                    assert!(self.device.flush().is_err(), "a failed sync was forgotten");
                    assert!(self.device.write_at(&mut [1], 0, false).is_err());
                    assert!(volume::freeze(&[(self.volume.clone(), "snap-late")]).is_err());
                    self.crash();
                }
            }
        }
    }

    /// Something will fail soon.
    fn fault(&mut self) {
        self.note("fault");
        let (op, path, errno) = match self.dice.below(15) {
            0 => (SimOp::Write, "data.", 28),
            1 => (SimOp::Write, "data.", 5),
            2 => (SimOp::Write, "map", 28),
            3 => (SimOp::Sync, "data.", 5),
            4 => (SimOp::Sync, "map", 5),
            5 => (SimOp::Write, "stack", 28),
            6 => (SimOp::SyncDir, "vol-", 5),
            7 => (SimOp::Open, "layer.", 28),
            8 => (SimOp::Write, "tags.", 28),
            9 => (SimOp::Sync, "tags.", 5),
            10 => (SimOp::Write, "intents", 28),
            _ => return self.files.cut_power_after(1 + self.dice.below(40)),
        };
        let skip = self.dice.below(4) as u32;
        self.files.inject(SimFault { op, path, skip, times: 1, errno });
    }

    fn crash(&mut self) {
        let how = [Crash::Lost, Crash::Kept, Crash::Mixed, Crash::Mixed][self.dice.below(4) as usize];
        self.note("crash");
        self.files.crash(how);
        self.device = open(&self.files, &self.source, self.encrypted);
        self.volume = self.device.volume().clone();
        assert!(self.model.settle(&self.device, &format!("after a {how:?} crash")));
        // What a new start finds is on the disk.
        self.model.flushed();
        let listed = self.volume.frozen_snapshots();
        for id in &listed {
            assert!(self.frozen.contains_key(id), "{id} is frozen, and should not be");
        }
        for (id, frozen) in &mut self.frozen {
            assert!(!frozen.sure || listed.contains(id), "{id} was frozen, and is not");
            // One that was not answered, and is there, is as good as the others.
            frozen.sure = listed.contains(id);
        }
        self.frozen.retain(|_, frozen| frozen.sure);
        for _ in 0..self.dice.below(3) {
            self.check_frozen();
        }
    }
}

fn run(seed: u64) {
    println!("seed {seed}: repeat with SEALVOL_LAYERS_SEED={seed}");
    let mut run = Run::new(seed);
    let work = std::panic::AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            run.step();
            if run.dice.one_in(30) {
                run.crash();
            }
        }
        run.crash();
        run.finish();
    });
    if let Err(panic) = std::panic::catch_unwind(work) {
        println!("seed {seed}; {}", run.done.join(", "));
        std::panic::resume_unwind(panic);
    }
}

impl Run {
    /// In the end everything is loaded, thawed and merged, and says the same.
    fn finish(&mut self) {
        self.volume.load_all(&|_, _| {}, &AtomicBool::new(false)).unwrap();
        for id in self.volume.frozen_snapshots() {
            self.volume.thaw(&id, true).unwrap();
        }
        self.volume.merge(&AtomicBool::new(false)).unwrap();
        let end = self.device.size_bytes();
        for window in WINDOWS.into_iter().filter(|w| w.end <= end) {
            let bytes = read(&self.device, window.start, (window.end - window.start) as usize);
            self.model.expect(window.start, &bytes);
        }
        if let Some(source) = &self.source {
            let expected = common::chunks::plain(20, source.chunks[&20].clone(), self.encrypted);
            assert!(read(&self.device, 20 << 19, 1 << 19) == expected, "the chunk where nobody works");
        }
        let names = self.files.list(Path::new(DIR)).unwrap();
        assert!(names.iter().all(|name| !name.to_string_lossy().starts_with("layer.")), "{names:?}");
    }
}

#[test]
fn whatever_happens_the_volume_and_its_frozen_snapshots_say_what_they_should() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SEALVOL_LAYERS_SEED") {
        Some(seed) => run(seed),
        None => (0..number("SEALVOL_LAYERS_SEEDS").unwrap_or(60)).for_each(run),
    }
}
