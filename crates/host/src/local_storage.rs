//! This machine's bytes at rest: what [`crate::Storage`] asks, done on the volumes and the chunk store. Long work runs in threads of
//! `works.rs`; each kind of work is a function here, top to bottom.

use crate::local::LocalHost;
use crate::storage::{Block, Blocks, Changed, Ended, KeyUse, Progress, Storage, StoreSpec, Work};
use crate::works::Course;
use crate::{HostError, local};
use base::{Fault, Refusal};
use keys::DataKey;
use snapshot::{ChunkHash, ChunkSource, Control, Reader, Recoded, SnapshotError, SnapshotRef, Stored};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use volume::{Device, Volume, VolumeSpec};

impl Storage for LocalHost {
    fn create(&self, spec: &VolumeSpec) -> Result<(), HostError> {
        self.inner.create(spec)
    }

    fn freeze(&self, set: &[(String, String)]) -> Result<(), HostError> {
        let mut volumes = Vec::new();
        for (volume, snapshot) in set {
            volumes.push((self.inner.volume(volume)?, snapshot.as_str()));
        }
        volume::freeze(&volumes).map_err(|e| local::broken(&names(set), &e))
    }

    fn thaw(&self, volume: &str, snapshot: &str, stored: bool) -> Result<(), HostError> {
        match self.inner.volume_if_there(volume)? {
            Some(open) => open.thaw(snapshot, stored).map_err(|e| local::broken(volume, &e)),
            None => Ok(()),
        }
    }

    fn work(&self, name: &str, work: &Work) -> Result<Progress, HostError> {
        // What is stored after its snapshot was discarded would belong to nobody.
        if let Work::Discard { snapshot, .. } = work
            && !self.inner.works.stop_about(snapshot, name)
        {
            return Ok(Progress { done: 0, total: 0, ended: None });
        }
        let (inner, work) = (self.inner.clone(), work.clone());
        let patient = matches!(work, Work::Load { .. } | Work::Preload { .. } | Work::Merge { .. });
        self.inner.works.ask(name, patient, move |course| inner.perform(&work, course))
    }

    fn forget(&self, name: &str) {
        self.inner.works.forget(name);
    }

    fn grow(&self, volume: &str, bytes: u64) -> Result<(), HostError> {
        self.inner.volume(volume)?.grow(bytes).map_err(|e| local::broken(volume, &e))
    }

    fn put_block(
        &self,
        region: &str,
        snapshot: &str,
        index: u32,
        bytes: &[u8],
        mut digest: [u8; 32],
        key: Option<&KeyUse>,
    ) -> Result<(ChunkHash, [u8; 32]), HostError> {
        let key = key.map(|use_| self.inner.key(use_)).transpose()?;
        let chunk = snapshot::seal_block(key.as_ref(), index, bytes.to_vec()).map_err(failed)?;
        if let Some(key) = &key {
            cipher(key)?.conceal_digest(u64::from(index), &mut digest).map_err(|e| failed(e.into()))?;
        }
        drop(key);
        let hash = self.inner.snapshots.put_chunk(region, snapshot, index, &chunk).map_err(failed)?;
        Ok((hash, digest))
    }

    fn reveal_digests(
        &self,
        digests: Vec<(u32, [u8; 32])>,
        key: Option<&KeyUse>,
    ) -> Result<Vec<[u8; 32]>, HostError> {
        let key = key.map(|use_| self.inner.key(use_)).transpose()?;
        let mut cipher = key.as_ref().map(cipher).transpose()?;
        let mut revealed = Vec::with_capacity(digests.len());
        for (index, mut digest) in digests {
            if let Some(cipher) = &mut cipher {
                cipher.reveal_digest(u64::from(index), &mut digest).map_err(|e| failed(e.into()))?;
            }
            revealed.push(digest);
        }
        Ok(revealed)
    }

    fn get_block(
        &self,
        at: &SnapshotRef,
        index: u32,
        key: Option<&KeyUse>,
    ) -> Result<Option<Block>, HostError> {
        // The caller's right first: what is wrong with a snapshot is not for strangers.
        let key = key.map(|use_| self.inner.key(use_)).transpose()?;
        let reader = self.inner.reader(at)?;
        let Some(chunk) = reader.chunk(index).map_err(failed)? else { return Ok(None) };
        let bytes = snapshot::open_block(key.as_ref(), index, chunk).map_err(failed)?;
        Ok(Some(Block { bytes }))
    }

    fn changed(
        &self,
        first: Option<&SnapshotRef>,
        second: &SnapshotRef,
        from: u32,
        max: usize,
    ) -> Result<Vec<Changed>, HostError> {
        let first = first.map(|at| self.inner.reader(at)).transpose()?;
        let second = self.inner.reader(second)?;
        snapshot::changed(first.as_deref(), &second, from, max).map_err(failed)
    }

    fn may_use(&self, key: &KeyUse) -> Result<(), HostError> {
        self.inner.key(key).map(drop)
    }
}

impl local::Inner {
    /// The plaintext of a data key, if KMS gives it to who is named.
    fn key(&self, wanted: &KeyUse) -> Result<DataKey, HostError> {
        self.key_service()?.decrypt(wanted)
    }

    /// A stored snapshot, opened once for all who read it.
    pub(crate) fn reader(&self, at: &SnapshotRef) -> Result<Arc<Reader>, HostError> {
        self.readers.get(at, || self.snapshots.open(at).map_err(failed))
    }

    fn perform(self: &Arc<Self>, work: &Work, course: &Course) -> Result<Ended, HostError> {
        // Guests first, also where somebody waits for the work. Not in a merge: it locks region by region what guests write to, and
        // one that seldom gets the processor would keep them waiting longer than it saves them.
        if !matches!(work, Work::Merge { .. }) {
            env::step_back();
        }
        match work {
            Work::StoreSnapshot { volume, spec, base } => {
                self.store_snapshot(volume, spec, base.as_ref(), course)
            }
            Work::Merge { volume } => {
                let Some(open) = self.volume_if_there(volume)? else { return Ok(Ended::default()) };
                open.merge(&course.stop).map_err(|e| local::broken(volume, &e))?;
                Ok(Ended::default())
            }
            Work::Load { volume } => self.load(volume, course),
            Work::Fill { volume, source, source_key, key } => {
                self.fill(volume, source, source_key.as_ref(), key.as_ref(), course)
            }
            Work::Copy { source, spec, keys, base, since } => {
                let wanted = Copy { source, spec, base: base.as_ref(), since: since.as_ref() };
                self.copy(&wanted, keys.as_ref(), course)
            }
            Work::Assemble { spec, parent, blocks } => self.assemble(spec, parent.as_ref(), blocks, course),
            Work::Collect { deleted, live } => {
                self.readers.forget(deleted);
                self.with_control(course, |control| self.snapshots.collect(deleted, live, control))?;
                Ok(Ended::default())
            }
            Work::Discard { region, snapshot } => {
                self.snapshots.discard(region, snapshot).map_err(failed)?;
                Ok(Ended::default())
            }
            Work::Preload { snapshot } => self.preload(snapshot, course),
        }
    }

    /// Incremental if the volume's base is the one that is offered; else everything.
    fn store_snapshot(
        self: &Arc<Self>,
        volume: &str,
        spec: &StoreSpec,
        base: Option<&SnapshotRef>,
        course: &Course,
    ) -> Result<Ended, HostError> {
        let open = self.volume(volume)?;
        let base = base.filter(|at| open.base().as_deref() == Some(at.snapshot.as_str()));
        let base = base.map(|at| self.reader(at)).transpose()?;
        let source = open.frozen(&spec.snapshot, base.is_some()).map_err(|e| local::broken(volume, &e))?;
        // The volume may have grown between the call and the instant; the instant's size is kept with it.
        let spec = StoreSpec { size_bytes: source.size_bytes(), ..spec.clone() };
        let stored = self.with_control(course, |control| {
            self.snapshots.store(&spec, base.as_deref(), &*source, control)
        })?;
        Ok(Ended { size_bytes: spec.size_bytes, ..ended(stored, base.is_some()) })
    }

    fn load(self: &Arc<Self>, volume: &str, course: &Course) -> Result<Ended, HostError> {
        let Some(open) = self.volume_if_there(volume)? else { return Ok(Ended::default()) };
        open.load_all(&|done, total| course.at(done, total), &course.stop)
            .map_err(|e| local::broken(volume, &e))?;
        Ok(Ended::default())
    }

    /// Reads with the source's key, writes through a device with the volume's.
    fn fill(
        self: &Arc<Self>,
        volume: &str,
        source: &SnapshotRef,
        source_key: Option<&KeyUse>,
        key: Option<&KeyUse>,
        course: &Course,
    ) -> Result<Ended, HostError> {
        let reader = self.reader(source)?;
        let source_key = source_key.map(|use_| self.key(use_)).transpose()?;
        let key = key.map(|use_| self.key(use_)).transpose()?;
        let open = self.volume(volume)?;
        let encrypted = open.is_encrypted();
        let device = Device::open(open, key).map_err(|e| local::broken(volume, &e))?;
        let total = reader.head().chunks;
        let (mut from, mut done) = (0, 0);
        loop {
            let indices = reader.indices(from, 256).map_err(failed)?;
            let Some(last) = indices.last() else { break };
            from = last + 1;
            for index in indices {
                if course.stop.load(Ordering::Relaxed) {
                    return Err(failed(SnapshotError::Stopped));
                }
                fill_chunk(&reader, &device, index, source_key.as_ref(), encrypted)
                    .map_err(|e| tell(volume, e))?;
                done += 1;
                course.at(done, total);
            }
        }
        device.close().map_err(|e| local::broken(volume, &e))?;
        Ok(Ended { chunks: total, ..Ended::default() })
    }

    fn copy(
        &self,
        wanted: &Copy,
        keys: Option<&(Option<KeyUse>, KeyUse)>,
        course: &Course,
    ) -> Result<Ended, HostError> {
        let source = self.reader(wanted.source)?;
        // The same bytes in the same Region: only the manifest is new.
        if keys.is_none() && wanted.source.region == wanted.spec.region {
            let stored = self.with_control(course, |control| {
                self.snapshots.store(wanted.spec, Some(&source), &Nothing(source.size_bytes()), control)
            })?;
            return Ok(ended(stored, true));
        }
        let base = wanted.base.map(|at| self.reader(at)).transpose()?;
        let since = wanted.since.map(|at| self.reader(at)).transpose()?;
        let bytes: Arc<dyn ChunkSource> = match (&base, since) {
            (Some(_), Some(since)) => Arc::new(snapshot::Changes::new(since, source)),
            _ => source,
        };
        let bytes: Arc<dyn ChunkSource> = match keys {
            None => bytes,
            Some((from, to)) => {
                let from = from.as_ref().map(|use_| self.key(use_)).transpose()?;
                Arc::new(Recoded::new(bytes, from, Some(self.key(to)?)).map_err(failed)?)
            }
        };
        let stored = self.with_control(course, |control| {
            self.snapshots.store(wanted.spec, base.as_deref(), &*bytes, control)
        })?;
        Ok(ended(stored, base.is_some()))
    }

    fn assemble(
        &self,
        spec: &StoreSpec,
        parent: Option<&SnapshotRef>,
        blocks: &Blocks,
        course: &Course,
    ) -> Result<Ended, HostError> {
        let parent = parent.map(|at| self.reader(at)).transpose()?;
        let mut list = |from: u32, max: usize| {
            (blocks.0)(from, max)
                .map_err(|fault| SnapshotError::Volume { what: fault.to_string(), no_space: false })
        };
        let stored = self.with_control(course, |control| {
            self.snapshots.assemble(spec, parent.as_deref(), &mut list, control)
        })?;
        Ok(ended(stored, parent.is_some()))
    }

    fn with_control<T>(
        &self,
        course: &Course,
        work: impl FnOnce(&Control) -> Result<T, SnapshotError>,
    ) -> Result<T, HostError> {
        let progress = |done, total| course.at(done, total);
        let threads = self.snapshots.at_once();
        work(&Control { progress: &progress, stop: &course.stop, threads }).map_err(failed)
    }

    /// Reads every chunk once: it is verified, and what the chunk store keeps near is near afterwards.
    fn preload(&self, at: &SnapshotRef, course: &Course) -> Result<Ended, HostError> {
        let reader = self.reader(at)?;
        let total = reader.head().chunks;
        let (mut from, mut done) = (0, 0);
        loop {
            let indices = reader.indices(from, 256).map_err(failed)?;
            let Some(last) = indices.last() else { break };
            from = last + 1;
            for index in indices {
                if course.stop.load(Ordering::Relaxed) {
                    return Err(failed(SnapshotError::Stopped));
                }
                reader.chunk(index).map_err(failed)?;
                done += 1;
                course.at(done, total);
            }
        }
        Ok(Ended { chunks: total, ..Ended::default() })
    }
}

/// What to copy over what.
struct Copy<'a> {
    source: &'a SnapshotRef,
    spec: &'a StoreSpec,
    base: Option<&'a SnapshotRef>,
    since: Option<&'a SnapshotRef>,
}

/// A source that adds nothing to its base.
struct Nothing(u64);

impl ChunkSource for Nothing {
    fn size_bytes(&self) -> u64 {
        self.0
    }

    fn indices(&self, _: u32, _: usize) -> Result<Vec<u32>, SnapshotError> {
        Ok(Vec::new())
    }

    fn chunk(&self, _: u32) -> Result<Option<snapshot::Chunk>, SnapshotError> {
        Ok(None)
    }
}

/// A source whose manifest could not be read when the volume was opened: the volume can be used all the same, but for what was
/// never loaded. Every look tries again, so a manifest that is put back heals the volume.
pub(crate) struct Unreadable {
    pub inner: Weak<local::Inner>,
    pub at: SnapshotRef,
}

impl Unreadable {
    fn reader(&self) -> Result<Arc<Reader>, SnapshotError> {
        let stopping = || SnapshotError::Volume { what: "the host is stopping".into(), no_space: false };
        let inner = self.inner.upgrade().ok_or_else(stopping)?;
        inner.reader(&self.at).map_err(|error| match error {
            HostError::Refused(refusal) => {
                SnapshotError::Damaged { object: self.at.snapshot.clone(), what: refusal.reason }
            }
            HostError::Fault(fault) => SnapshotError::Volume { what: fault.to_string(), no_space: false },
        })
    }
}

impl ChunkSource for Unreadable {
    fn size_bytes(&self) -> u64 {
        self.reader().map_or(0, |reader| reader.size_bytes())
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        self.reader()?.indices(from, max)
    }

    fn indices_below(&self, from: u32, end: u32) -> Result<Vec<u32>, SnapshotError> {
        self.reader()?.indices_below(from, end)
    }

    fn at_once(&self) -> usize {
        self.reader().map_or(1, |reader| reader.at_once())
    }

    fn chunk(&self, index: u32) -> Result<Option<snapshot::Chunk>, SnapshotError> {
        self.reader()?.chunk(index)
    }
}

/// Moves one chunk into a device. Bytes of an encrypted snapshot never go into an unencrypted volume.
fn fill_chunk(
    reader: &Reader,
    device: &Device,
    index: u32,
    source_key: Option<&DataKey>,
    encrypted: bool,
) -> Result<(), SnapshotError> {
    if source_key.is_some() && !encrypted {
        return Err(SnapshotError::Cipher(cipher::CipherError(
            "an encrypted snapshot gives no unencrypted volume",
        )));
    }
    let Some(mut chunk) = reader.chunk(index)? else { return Ok(()) };
    let first = u64::from(index) * snapshot::UNITS_PER_CHUNK as u64;
    let mut cipher = source_key.map(cipher::UnitCipher::new).transpose()?;
    chunk.each_run_mut(|unit, bytes| {
        if let Some(cipher) = &mut cipher {
            cipher.decrypt(cipher::DataUnit(first + unit as u64), bytes)?;
        }
        device.write_at(bytes, (first + unit as u64) * cipher::DATA_UNIT_BYTES as u64, false).map_err(|e| {
            SnapshotError::Volume { what: e.to_string(), no_space: matches!(e, volume::VolumeError::NoSpace) }
        })
    })
}

fn cipher(key: &DataKey) -> Result<cipher::UnitCipher, HostError> {
    cipher::UnitCipher::new(key).map_err(|e| failed(e.into()))
}

fn ended(stored: Stored, incremental: bool) -> Ended {
    Ended {
        at: Some(stored.at),
        chunks: stored.chunks,
        written_chunks: stored.written_chunks,
        written_bytes: stored.written_bytes,
        incremental,
        size_bytes: 0,
    }
}

/// A failure of snapshots: what will not heal is refused, what may is a fault that jobs try again.
pub(crate) fn failed(error: SnapshotError) -> HostError {
    let what = error.to_string();
    match error {
        SnapshotError::Damaged { .. } | SnapshotError::Newer { .. } | SnapshotError::Refused(_) => {
            HostError::Refused(Refusal::new("IncorrectState", what))
        }
        _ => HostError::Fault(Fault::new(what)),
    }
}

fn tell(volume: &str, error: SnapshotError) -> HostError {
    match failed(error) {
        HostError::Fault(fault) => HostError::Fault(Fault::new(format!("volume {volume}: {fault}"))),
        refused => refused,
    }
}

fn names(set: &[(String, String)]) -> String {
    set.iter().map(|(volume, _)| volume.as_str()).collect::<Vec<_>>().join(", ")
}

/// Opens a volume that is on this host, without its key. One instance per volume, however many work on it.
impl local::Inner {
    pub(crate) fn volume_if_there(self: &Arc<Self>, id: &str) -> Result<Option<Arc<Volume>>, HostError> {
        if !self.env.files.exists(&self.directory(id)) {
            return Ok(None);
        }
        self.volume(id).map(Some)
    }
}

#[cfg(test)]
#[path = "local_storage_tests.rs"]
mod tests;
