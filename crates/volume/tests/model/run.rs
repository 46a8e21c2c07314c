//! One run: volumes of a lineage on one simulated disk, and the model of each. What a guest does is here, what snapshots do in
//! `layers.rs`, what the disk does in `disk.rs`.

use crate::common::chunks::{Chunks, Stored};
use crate::common::sectors::{Content, Sectors};
use crate::common::{Dice, key, shared, spec};
use env::{Crash, SimFiles};
use snapshot::{ChunkSource, SnapshotRef};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Damage, Device, ExtentKind, Opening, Volume, VolumeError};

pub const MIB: u64 = 1 << 20;
pub const SIZE: u64 = 33 * MIB + 12 * 4096;
pub const GROWN: [u64; 2] = [65 * MIB, 97 * MIB + 8192];
/// Where the work is: start, region border, map-page border, end, and what growing adds. Everywhere else there are only zeros.
pub const WINDOWS: [Range<u64>; 6] = [
    0..48 << 10,
    MIB - (16 << 10)..MIB + (16 << 10),
    32 * MIB - (24 << 10)..32 * MIB + (24 << 10),
    SIZE - (24 << 10)..SIZE,
    64 * MIB - (16 << 10)..64 * MIB + (16 << 10),
    97 * MIB..97 * MIB + 8192,
];

/// What a run begins with.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub seed: u64,
    pub encrypted: bool,
    /// Every unit has a tag: no good one may be refused.
    pub integrity: bool,
    /// The first volume is made from a stored snapshot.
    pub restored: bool,
    /// What every crash does; `None`: as the dice say.
    pub how: Option<Crash>,
}

/// A frozen snapshot, as the model remembers it.
pub struct Frozen {
    pub content: Content,
    pub size_bytes: u64,
    /// Freezing was answered.
    pub sure: bool,
}

/// A stored one.
pub struct Kept {
    pub chunks: Chunks,
    pub content: Content,
    pub size_bytes: u64,
}

pub struct Vol {
    pub dir: PathBuf,
    pub source: Option<(SnapshotRef, Arc<Stored>)>,
    pub device: Arc<Device>,
    pub model: Sectors,
    /// Frozen and not thawed, as far as the model knows.
    pub frozen: BTreeMap<String, Frozen>,
}

impl Vol {
    pub fn volume(&self) -> &Arc<Volume> {
        self.device.volume()
    }

    /// The windows that are inside the volume.
    pub fn windows(&self) -> Vec<Range<u64>> {
        let size = self.device.size_bytes();
        WINDOWS.into_iter().filter(|w| w.end <= size).collect()
    }
}

pub struct Run {
    pub files: SimFiles,
    pub setup: Setup,
    pub volumes: Vec<Vol>,
    /// The volume that the step is about.
    pub at: usize,
    pub stored: BTreeMap<String, Kept>,
    pub next_snapshot: u32,
    pub dice: Dice,
    pub steps: u64,
    pub crashes: u64,
    pub faults: u64,
    /// What happened, for the reader of a failure.
    pub done: Vec<String>,
}

/// The snapshot's name in a superblock.
pub fn named(snapshot: &str) -> SnapshotRef {
    SnapshotRef { region: "eu-west-1".into(), snapshot: snapshot.into(), hash: "5a".repeat(32) }
}

pub fn open(
    files: &SimFiles,
    dir: &std::path::Path,
    source: &Option<(SnapshotRef, Arc<Stored>)>,
    encrypted: bool,
) -> Result<Arc<Device>, VolumeError> {
    open_telling(files, dir, source, encrypted, |damage| panic!("{damage:?}"))
}

/// The same where damage is to be met.
pub fn open_telling(
    files: &SimFiles,
    dir: &std::path::Path,
    source: &Option<(SnapshotRef, Arc<Stored>)>,
    encrypted: bool,
    on_damage: fn(Damage),
) -> Result<Arc<Device>, VolumeError> {
    let give = |at: &SnapshotRef| -> Result<Arc<dyn ChunkSource>, VolumeError> {
        let (name, stored) = source.as_ref().expect("asked for a source that it has not");
        assert_eq!(at, name);
        Ok(stored.clone())
    };
    let opening = Opening { source: &give, on_damage: Arc::new(on_damage), ..Opening::loaded() };
    Device::open(Volume::open(shared(files), dir, opening)?, key(encrypted))
}

impl Run {
    /// A disk without a volume.
    pub fn empty(setup: Setup) -> Run {
        let files = SimFiles::new(setup.seed);
        Run {
            files,
            setup,
            volumes: Vec::new(),
            at: 0,
            stored: BTreeMap::new(),
            next_snapshot: 0,
            dice: Dice(setup.seed),
            steps: 0,
            crashes: 0,
            faults: 0,
            done: Vec::new(),
        }
    }

    pub fn vol(&mut self) -> &mut Vol {
        let at = self.at;
        &mut self.volumes[at]
    }

    pub fn note(&mut self, what: &str) {
        self.steps += 1;
        self.done.push(format!("{}:{what}", self.at));
    }

    /// Makes a volume, empty or from a stored snapshot; whatever happens, it is there in the end.
    pub fn create(&mut self, from: Option<&str>) {
        let name = format!("vol-{:016}", self.volumes.len());
        let dir = PathBuf::from("/volumes").join(&name);
        let mut wanted = spec(SIZE, self.setup.encrypted);
        wanted.volume_id = name;
        let mut model = Sectors::new(&WINDOWS);
        let source = from.map(|id| {
            let kept = &self.stored[id];
            wanted.size_bytes = kept.size_bytes;
            model.become_of(&kept.content);
            let (size_bytes, chunks) = (kept.size_bytes, kept.chunks.clone());
            (named(id), Arc::new(Stored { size_bytes, chunks, ..Stored::default() }))
        });
        wanted.source = source.as_ref().map(|(at, _)| at.clone());
        loop {
            let make = if self.setup.integrity { volume::create_with_integrity } else { volume::create };
            let made = make(&shared(&self.files), &dir, &wanted);
            match made.and_then(|()| open(&self.files, &dir, &source, self.setup.encrypted)) {
                Ok(device) => {
                    self.at = self.volumes.len();
                    self.note(if from.is_some() { "restore" } else { "create" });
                    self.volumes.push(Vol { dir, source, device, model, frozen: BTreeMap::new() });
                    break;
                }
                Err(_) if self.files.is_dark() => self.crash(),
                Err(error) => assert!(self.heal(), "{error}"),
            }
        }
        if self.files.is_dark() {
            self.crash();
        }
    }

    /// A range in a window that is inside the volume, aligned or not.
    pub fn range(&mut self) -> (u64, u64) {
        let inside = self.vol().windows();
        let window = inside[self.dice.below(inside.len() as u64) as usize].clone();
        let align = [1, 512, 4096, 4096][self.dice.below(4) as usize];
        let start = window.start + self.dice.below(window.end - window.start) / align * align;
        let len = (1 + self.dice.below(3 * align.max(700))).div_ceil(align) * align;
        (start, len.min(window.end - start))
    }

    pub fn write(&mut self, offset: u64, len: u64) {
        self.note("write");
        let (bytes, fua) = (self.change(offset, len), self.dice.one_in(10));
        let result = self.vol().device.write_at(&mut bytes.clone(), offset, fua);
        self.ended(result, fua);
    }

    /// New bytes, of which the model knows already.
    pub fn change(&mut self, offset: u64, len: u64) -> Vec<u8> {
        let salt = self.dice.below(256) as u8;
        let byte = move |at: u64| (at.wrapping_mul(31) >> 3) as u8 ^ salt;
        self.vol().model.change(offset, len, byte);
        (offset..offset + len).map(byte).collect()
    }

    pub fn read(&mut self, offset: u64, len: u64) {
        self.note("read");
        let mut bytes = vec![0xee; len as usize];
        if self.steps.is_multiple_of(3) {
            self.files.forget_cached();
        }
        // As exporters do.
        let device = self.vol().device.clone();
        let read = match device.read_at_once(&mut bytes, offset) {
            Ok(false) => {
                device.will_need(offset, len);
                device.read_at(&mut bytes, offset)
            }
            other => other.map(drop),
        };
        match read {
            Ok(()) => self.vol().model.expect(offset, &bytes),
            // It had to load, and could not write or flush; or the disk could not be read.
            Err(error) => return self.ended(Err(error), false),
        }
        if self.files.is_dark() {
            return self.crash();
        }
        let extents = match self.vol().device.extents(offset, len, usize::MAX) {
            Ok(extents) => extents,
            Err(error) => return self.ended(Err(error), false),
        };
        assert_eq!(extents.iter().map(|e| e.len).sum::<u64>(), len);
        let mut at = offset;
        for extent in extents {
            if extent.kind != ExtentKind::Data {
                self.vol().model.expect(at, &vec![0; extent.len as usize]);
            }
            at += extent.len;
        }
    }

    pub fn zero(&mut self, offset: u64, len: u64) {
        self.note("zero");
        let (fua, punch) = (self.dice.one_in(10), !self.dice.one_in(4));
        self.vol().model.change(offset, len, |_| 0);
        let result = self.vol().device.write_zeroes(offset, len, punch, fua);
        self.ended(result, fua);
    }

    pub fn trim(&mut self, offset: u64, len: u64) {
        self.note("trim");
        let (start, end) = (offset.next_multiple_of(4096), (offset + len) / 4096 * 4096);
        self.vol().model.change(start, end.saturating_sub(start), |_| 0);
        let result = self.vol().device.trim(offset, len);
        self.ended(result, false);
    }

    pub fn flush(&mut self) {
        self.note("flush");
        // As if the flush had come late enough for it.
        let device = self.vol().device.clone();
        let result = device.flush().inspect(|()| device.volume().age_intents());
        self.ended(result, true);
    }

    pub fn close(&mut self) {
        self.note("close");
        let result = self.vol().device.close();
        self.ended(result, true);
    }

    pub fn reopen(&mut self) {
        self.close();
        self.note("reopen");
        self.start_again();
    }

    /// The process ends and another one goes on, and the machine never stops: nothing is lost, and nothing is more durable for it.
    pub fn kill(&mut self) {
        self.note("kill");
        self.start_again();
    }

    /// After a crash: what may not match its tag gets a new one, sometimes.
    pub fn tag_anew(&mut self) {
        for vol in &mut self.volumes {
            if vol.device.is_unsure() && self.dice.one_in(2) {
                vol.device.settle(&AtomicBool::new(false)).unwrap();
                assert!(!vol.device.is_unsure() && vol.model.settle(&vol.device, "tagged anew"));
            }
        }
    }

    fn start_again(&mut self) {
        let (at, encrypted) = (self.at, self.setup.encrypted);
        let Vol { dir, source, .. } = &self.volumes[at];
        match open(&self.files, dir, source, encrypted) {
            Ok(device) => {
                let vol = &mut self.volumes[at];
                vol.device = device;
                // What was not flushed is old or new.
                if !vol.model.settle(&vol.device, "after a new start") {
                    self.heal();
                    if self.files.is_dark() {
                        return self.crash();
                    }
                    self.settle_all("after a new start");
                }
            }
            // Of a sync that failed nobody is told a second time, so only a start of the machine goes on from what is durable.
            Err(error) => {
                assert!(self.files.is_dark() || self.heal(), "{error}");
                self.crash();
            }
        }
    }

    /// Makes it larger if it is not as large as it gets.
    pub fn grow(&mut self) {
        self.note("grow");
        let volume = self.vol().volume().clone();
        let size = volume.size_bytes();
        assert!(matches!(volume.grow(size - 4096), Err(VolumeError::BadSpec(_))));
        let Some(larger) = GROWN.into_iter().find(|larger| *larger > size) else { return };
        let result = volume.grow(larger);
        assert_eq!(volume.size_bytes(), if result.is_ok() { larger } else { size });
        self.ended(result, false);
    }

    /// Takes the result of an operation that the model has already done.
    pub fn ended(&mut self, result: Result<(), VolumeError>, flushes: bool) {
        match result {
            _ if self.files.is_dark() => self.crash(),
            Ok(()) if flushes => self.vol().model.flushed(),
            Ok(()) | Err(VolumeError::Stopped) => {}
            // A fault: the range is old or new, and that can be read.
            Err(error) => {
                let due = self.heal();
                let vol = self.vol();
                if !vol.model.settle(&vol.device, &format!("after {error}")) {
                    assert!(self.files.is_dark(), "after {error} (more to come: {due}): cannot be read");
                    return self.crash();
                }
                if !error.leaves_volume_writable() {
                    self.stays_read_only();
                    self.crash();
                }
            }
        }
    }

    fn stays_read_only(&mut self) {
        let vol = self.vol();
        assert!(vol.device.flush().is_err(), "a failed sync was forgotten");
        assert!(vol.device.write_at(&mut [1], 0, false).is_err());
        assert!(vol.device.close().is_err());
        assert!(volume::freeze(&[(vol.volume().clone(), "snap-late")]).is_err());
    }
}
