//! A volume at rest: its layers, its record, its source. No key; bytes are moved as they lie on the disk. Reading and writing
//! as a guest does is [`crate::Device`]'s.
//!
//! ```text
//!  record (Mutex)    what the file `stack` says     held by whoever changes the stack: freeze, thaw, end of a merge or load,
//!                                                   grow, close
//!  pieces (RwLock)   nothing                        held shared for one piece of work in the background; exclusively by a freeze
//!                                                   and by who takes back intents, before the gate
//!  gate (RwLock)     the stack in memory            held shared for one piece of a request (1 MiB at most), exclusively only
//!                                                   to swap the stack, never while something is fetched or synced
//! ```
//! Lock order: `merging` → `record` → `pieces` → `gate` → stripe → locks of the maps; `fetching` → `loading` → `pieces`; the record of intents →
//! `pieces`. Nobody takes the gate shared twice, because a waiting swap stands between. Why `pieces`: threads in the background get
//! little of a busy processor, and guests would wait behind whoever takes the gate exclusively while their piece ends.

use crate::arrived::Arrived;
use crate::flush::Flusher;
use crate::frozen::Reading;
use crate::integrity::Integrity;
use crate::layer::{self, Layer};
use crate::lifecycle::{STACK_FILE, read_record, read_superblock, settle};
use crate::merge::Turn;
use crate::record::Record;
use crate::source::Source;
use crate::stack::Stack;
use crate::stripes::Stripes;
use crate::{Superblock, VolumeError};
use env::Files;
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
use snapshot::{ChunkSource, SnapshotRef};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Locks that keep a chunk from being fetched by several requests at once.
const FETCHING: usize = 64;

/// Opens a stored snapshot.
pub type OpenSource<'a> = dyn Fn(&SnapshotRef) -> Result<Arc<dyn ChunkSource>, VolumeError> + 'a;

/// What opening a volume needs besides its directory.
pub struct Opening<'a> {
    /// Opens the stored snapshot that the volume is loaded from. Asked only while it is still loading.
    pub source: &'a OpenSource<'a>,
    /// Told of every chunk that turns out to be damaged (in the source, or here by its tags), each time it is met.
    pub on_damage: Arc<dyn Fn(Damage) + Send + Sync>,
    /// Told once, with the reason, when the volume becomes read-only. Called by whoever met the failure, so it must not wait.
    pub on_read_only: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Opening<'static> {
    /// For a volume that is known to be loaded: one that still is loading is refused.
    pub fn loaded() -> Opening<'static> {
        let source = &|at: &SnapshotRef| Err(VolumeError::Source(format!("{} is not at hand", at.snapshot)));
        Opening { source, on_damage: Arc::new(|_| {}), on_read_only: Arc::new(|_| {}) }
    }
}

/// A chunk of the source that cannot be read, or one that holds a unit which does not match its tag. Its damaged units, and
/// those that were not loaded or written yet, give I/O errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub volume: String,
    /// Index of the chunk: it begins at byte 524,288 times this.
    pub chunk: u32,
    pub what: String,
}

/// An open volume. All methods may be called from any number of threads. One process must open a directory at most once
/// at a time; the host sees to that.
pub struct Volume {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: PathBuf,
    pub(crate) superblock: Mutex<Superblock>,
    volume_id: String,
    encrypted: bool,
    pub(crate) size_bytes: AtomicU64,
    record: Mutex<Record>,
    pub(crate) pieces: RwLock<()>,
    pub(crate) gate: RwLock<Stack>,
    pub(crate) stripes: Stripes,
    pub(crate) flusher: Flusher,
    pub(crate) integrity: Option<Integrity>,
    /// The record on the disk says "written to since it was closed".
    unclean: AtomicBool,
    pub(crate) merging: Mutex<Turn>,
    pub(crate) fetching: [Mutex<()>; FETCHING],
    /// Held by who puts a chunk into the bottom layer for the background.
    pub(crate) loading: Mutex<()>,
    /// Fetched for a reader and not yet in the bottom layer.
    pub(crate) arrived: Arrived,
    pub(crate) on_damage: Arc<dyn Fn(Damage) + Send + Sync>,
    on_read_only: Arc<dyn Fn(&str) + Send + Sync>,
    /// Who reads frozen snapshots.
    pub(crate) readings: Mutex<Vec<Arc<Reading>>>,
    /// Set once a sync has failed.
    failed: OnceLock<String>,
}

impl Volume {
    /// Opens the volume in `dir`; takes the same time for any size, apart from opening the source of one that is loading.
    pub fn open(files: Arc<dyn Files>, dir: &Path, opening: Opening<'_>) -> Result<Arc<Volume>, VolumeError> {
        let superblock = read_superblock(&files, dir)?;
        let record = read_record(&files, dir)?.settled();
        // Not before: what a later release wrote is not touched.
        settle(&files, dir)?;
        let source = match (&superblock.source, record.loading) {
            (Some(at), true) => Some(Arc::new(Source::new(at.clone(), (opening.source)(at)?))),
            (None, true) => {
                return Err(VolumeError::Damaged(
                    "the stack record names a source, the superblock none".into(),
                ));
            }
            (_, false) => None,
        };
        let size_bytes = superblock.size_bytes;
        let integrity = Integrity::open(&files, dir, &superblock)?;
        let mut layers = Vec::new();
        for entry in &record.layers {
            let loaded = entry.number == 0 && superblock.source.is_some();
            layers.push(Arc::new(Layer::open(&files, dir, entry, size_bytes, loaded, integrity.is_some())?));
        }
        layer::remove_others(&files, dir, &record.layers);
        Ok(Arc::new(Volume {
            files,
            dir: dir.to_path_buf(),
            volume_id: superblock.volume_id.clone(),
            encrypted: superblock.encryption.is_some(),
            size_bytes: AtomicU64::new(size_bytes),
            superblock: Mutex::new(superblock),
            unclean: AtomicBool::new(record.unclean),
            record: Mutex::new(record),
            pieces: RwLock::new(()),
            gate: RwLock::new(Stack { layers, merging: None, source }),
            stripes: Stripes::new(),
            flusher: Flusher::default(),
            integrity,
            merging: Mutex::default(),
            fetching: [const { Mutex::new(()) }; FETCHING],
            loading: Mutex::new(()),
            arrived: Arrived::default(),
            on_damage: opening.on_damage,
            on_read_only: opening.on_read_only,
            readings: Mutex::default(),
            failed: OnceLock::new(),
        }))
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Acquire)
    }

    pub fn volume_id(&self) -> &str {
        &self.volume_id
    }

    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The head, as on disk.
    pub fn superblock(&self) -> Superblock {
        self.superblock.lock().clone()
    }

    /// The stored snapshot that the volume is still loading from.
    pub fn source(&self) -> Option<SnapshotRef> {
        self.gate.read().source.as_ref().map(|source| source.at.clone())
    }

    /// The snapshot of this volume that was stored last, or the one that it was made from: changed chunks are counted since
    /// then.
    pub fn base(&self) -> Option<String> {
        self.record.lock().base.clone()
    }

    /// Snapshots that are frozen and not thawed, in the order in which they were frozen.
    pub fn frozen_snapshots(&self) -> Vec<String> {
        self.record.lock().frozen.iter().map(|frozen| frozen.snapshot.clone()).collect()
    }

    /// Flushes, for an orderly end. A volume that is not closed loses nothing that was flushed, but its next snapshot has to
    /// compare everything with the last one.
    pub fn close(&self) -> Result<(), VolumeError> {
        self.flush()?;
        self.close_intents()?;
        let mut record = self.record.lock();
        if !record.unclean {
            return Ok(());
        }
        {
            let stack = self.gate.write();
            // Somebody writes meanwhile: then this is not the end.
            if stack.layers.iter().any(|layer| layer.is_dirty()) {
                return Ok(());
            }
            self.unclean.store(false, Ordering::Release);
        }
        let next = Record { unclean: false, ..record.clone() };
        let saved = self.save(&mut record, next);
        self.unclean.store(record.unclean, Ordering::Release);
        saved
    }

    /// The stack, for one piece of a request that writes. Before the first write that may hide a change in a crash, the record
    /// says so (see `record.rs`).
    pub(crate) fn stack_to_write(&self) -> Result<RwLockReadGuard<'_, Stack>, VolumeError> {
        loop {
            self.check_writable()?;
            let stack = self.gate.read();
            if self.unclean.load(Ordering::Acquire) || !stack.target().0.has_uncounted() {
                return Ok(stack);
            }
            drop(stack);
            let mut record = self.record.lock();
            if !record.unclean {
                let next = Record { unclean: true, ..record.clone() };
                self.save(&mut record, next)?;
            }
            self.unclean.store(true, Ordering::Release);
        }
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock()
    }

    /// Replaces the record, durably. On an error the old one still holds, on the disk as in memory; if that is not sure, the
    /// volume is read-only.
    pub(crate) fn save(&self, record: &mut Record, next: Record) -> Result<(), VolumeError> {
        self.check_writable()?;
        if let Some(reason) = next.fault() {
            return Err(VolumeError::BadSpec(reason));
        }
        let path = self.dir.join(STACK_FILE);
        if let Err(error) = self.files.write_durably(&path, &next.encode()) {
            // Compared as records: what is in memory may already say "lost" of what the disk says "unclean" of.
            let untouched = self.files.read(&path).ok().and_then(|bytes| Record::decode(&bytes).ok());
            return Err(match untouched {
                Some(found) if found.settled() == record.settled() => {
                    VolumeError::io("writing the stack record")(error)
                }
                _ => self.fail("writing the stack record", &error),
            });
        }
        *record = next;
        Ok(())
    }

    pub(crate) fn check_range(&self, offset: u64, len: u64) -> Result<(), VolumeError> {
        let size = self.size_bytes();
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(()),
            _ => Err(VolumeError::OutOfRange { offset, len, size }),
        }
    }

    /// Why the volume takes no more writes, if a sync failed since it was opened.
    pub fn read_only(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    pub(crate) fn check_writable(&self) -> Result<(), VolumeError> {
        match self.read_only() {
            Some(why) => Err(VolumeError::ReadOnly(why.to_owned())),
            None => Ok(()),
        }
    }

    /// After a failed sync: no more writes. The kernel reports such a failure once and may have dropped the bytes, so a
    /// later sync that succeeds would mean nothing.
    pub(crate) fn fail(&self, doing: &str, error: &std::io::Error) -> VolumeError {
        let mut why = format!("{doing} failed: {error}");
        match self.failed.set(why.clone()) {
            Ok(()) => (self.on_read_only)(&why),
            // Another failure came first; that one counts.
            Err(_) => why = self.read_only().unwrap_or_default().to_owned(),
        }
        VolumeError::ReadOnly(why)
    }
}
