//! Integrity of a volume: a tag for every data unit, so that flipped bits, swapped units and lost writes are refused instead of
//! read. Optional, chosen when the volume is made. Why it is made so, and what it does not find: `docs/integrity.md`.
//!
//! ```text
//!  file `tags.<n>` beside `data.<n>` of every layer      unit u's tag (16 bytes) at byte 16 (u mod 2^28), of its ciphertext
//!  write     intent (page) durable → data → tag          both under the region's stripe lock
//!  flush     data and tags synced → map                  so a unit that the map names has its data and its tag
//!  read      data, tag, compare                          a unit that does not match is refused, unless its page is *unsure*
//!  crash     pages with a durable intent are unsure      their units may be torn, or newer or older than their tags
//!  settle    units of unsure pages get tags anew         then they are sure again
//! ```
//! Only a device, which has the key, writes units in place that the durable map names; so the record of intents
//! (`intents.rs`) is a device's, too. A merge writes below a unit that still masks what it writes, a load writes where the map
//! names nothing: neither needs an intent. Both write tags: a merge moves them, a load makes them, with the key if a device is
//! open, otherwise (on a volume made from a snapshot only) as a checksum, which is accepted there, too.

use crate::geometry::{PageIndex, UNIT, Unit};
use crate::intents::{FILE_BYTES, INTENTS_FILE, IntentError, Intents};
use crate::layer::Layer;
use crate::{Damage, Superblock, Volume, VolumeError};
use cipher::{TAG_BYTES, Tagged, Tagger};
use env::{Clock, Files, RealClock};
use keys::DataKey;
use parking_lot::{Mutex, RwLockReadGuard};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

/// So long after its last write a page's intent is taken back, at the earliest: long enough that a page in use seldom pays for
/// its intent again, short enough that a crash leaves little unsure.
const TAKE_BACK_SECONDS: u64 = 5;

pub(crate) struct Integrity {
    /// What the tag keys are bound to.
    scope: String,
    /// Makes tags that everybody can make.
    public: Arc<Tagger>,
    /// Such tags are accepted: there is no key, or units may have been loaded without it.
    accepts_public: bool,
    /// Of the device that is open.
    keyed: Mutex<Weak<Tagger>>,
    encrypted: bool,
    intents: Intents,
    loaded: OnceLock<()>,
    /// Pages whose units may not match their tags, and how often something made them so.
    unsure: Mutex<HashMap<PageIndex, u64>>,
    /// Damage that was met and not told yet: who meets it holds locks.
    untold: Mutex<Vec<Damage>>,
    clock: RealClock,
    /// Second of the last look for intents to take back.
    looked: AtomicU64,
}

/// Makes what a new volume with integrity needs, durably together with the directory's next sync.
pub(crate) fn create(files: &Arc<dyn Files>, dir: &Path) -> Result<(), VolumeError> {
    let file = files.open(&dir.join(INTENTS_FILE), true).map_err(VolumeError::io("making a file"))?;
    let sized = file.set_len(FILE_BYTES).and_then(|()| file.sync_data());
    sized.map_err(VolumeError::io("sizing the record of intents"))
}

/// What a volume's tag keys are bound to: itself, and whether it has a source, so that nobody makes checksums pass by writing one
/// into the superblock.
fn scope(head: &Superblock) -> String {
    let from = head.source.as_ref().map_or("new", |_| "restored");
    format!("{from}\0{}", head.volume_id)
}

/// What makes tags that everybody can make; of an unencrypted volume, all of them.
pub(crate) fn public_tagger(head: &Superblock) -> Result<Tagger, VolumeError> {
    Ok(Tagger::new(None, &scope(head))?)
}

impl Integrity {
    /// `None` if the volume has none.
    pub fn open(
        files: &Arc<dyn Files>,
        dir: &Path,
        head: &Superblock,
    ) -> Result<Option<Integrity>, VolumeError> {
        if !head.integrity {
            return Ok(None);
        }
        let file = files.open(&dir.join(INTENTS_FILE), false).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => VolumeError::Damaged("the record of intents is missing".into()),
            _ => VolumeError::io("opening the record of intents")(e),
        })?;
        let encrypted = head.encryption.is_some();
        let scope = scope(head);
        let integrity = Integrity {
            public: Arc::new(public_tagger(head)?),
            scope,
            accepts_public: encrypted && head.source.is_some(),
            keyed: Mutex::default(),
            encrypted,
            intents: Intents::new(file),
            loaded: OnceLock::new(),
            unsure: Mutex::default(),
            untold: Mutex::default(),
            clock: RealClock::default(),
            looked: AtomicU64::new(0),
        };
        if !encrypted {
            // No key to wait for.
            integrity.begin(None)?;
        }
        Ok(Some(integrity))
    }

    /// A device is opened with this key. The first one reads the record of intents, which also tells a wrong key.
    pub fn begin(&self, key: Option<&DataKey>) -> Result<Arc<Tagger>, VolumeError> {
        let tagger = match key {
            None => self.public.clone(),
            Some(_) => Arc::new(Tagger::new(key, &self.scope)?),
        };
        let mut keyed = self.keyed.lock();
        if self.loaded.get().is_none() {
            let pages = self.intents.load(&tagger)?;
            let mut unsure = self.unsure.lock();
            pages.into_iter().for_each(|page| *unsure.entry(page).or_default() += 1);
            let _ = self.loaded.set(());
        }
        *keyed = Arc::downgrade(&tagger);
        Ok(tagger)
    }

    /// Makes the tags that a device would; `None` on an encrypted volume without a device.
    fn tagger(&self) -> Option<Arc<Tagger>> {
        if self.encrypted { self.keyed.lock().upgrade() } else { Some(self.public.clone()) }
    }

    /// Units from `first` on may not match their tags any more: writing them failed half-way.
    pub fn distrust(&self, first: Unit) {
        *self.unsure.lock().entry(first.page()).or_default() += 1;
    }

    fn is_unsure(&self, page: PageIndex) -> bool {
        self.unsure.lock().contains_key(&page)
    }
}

/// The tags of units that lie one after another, 16 bytes each.
pub(crate) fn make_tags(
    tagger: &Tagger,
    first: Unit,
    units: &[u8],
    tags: &mut [u8],
) -> Result<(), VolumeError> {
    for (n, (unit, tag)) in (0..).zip(units.chunks_exact(UNIT).zip(tags.chunks_exact_mut(TAG_BYTES))) {
        tag.copy_from_slice(&tagger.tag(Tagged::Unit, first.plus(n).data_unit(), unit)?);
    }
    Ok(())
}

impl Volume {
    /// Whether every unit has a tag.
    pub fn has_integrity(&self) -> bool {
        self.integrity.is_some()
    }

    /// Refuses units, as they lie in the layer, that do not match their tags. `tags` has room for theirs. Call with the stripe
    /// held.
    pub(crate) fn check_units(
        &self,
        tagger: &Tagger,
        layer: &Layer,
        first: Unit,
        units: &[u8],
        tags: &mut [u8],
    ) -> Result<(), VolumeError> {
        let Some(integrity) = &self.integrity else { return Ok(()) };
        let tags = tags.get_mut(..units.len() / UNIT * TAG_BYTES).unwrap_or_default();
        layer.read_tags(first, tags).map_err(|error| match error {
            VolumeError::Damaged(what) => self.refuse(integrity, first, &what),
            other => other,
        })?;
        for (n, (bytes, tag)) in (0..).zip(units.chunks_exact(UNIT).zip(tags.chunks_exact(TAG_BYTES))) {
            let unit = first.plus(n);
            let passes = |tagger: &Tagger| tagger.passes(Tagged::Unit, unit.data_unit(), bytes, tag);
            if passes(tagger)?
                || integrity.is_unsure(unit.page())
                || integrity.accepts_public && passes(&integrity.public)?
            {
                continue;
            }
            return Err(self.refuse(integrity, unit, "its bytes and its tag do not belong together"));
        }
        Ok(())
    }

    fn refuse(&self, integrity: &Integrity, unit: Unit, what: &str) -> VolumeError {
        let what = format!("data unit {} (byte {}): {what}", unit.0, unit.offset());
        let volume = self.volume_id().to_owned();
        integrity.untold.lock().push(Damage { volume, chunk: unit.chunk(), what: what.clone() });
        VolumeError::Damaged(what)
    }

    /// Tells of damage that was met. Call with no lock held.
    pub(crate) fn tell_damage(&self) {
        let Some(integrity) = &self.integrity else { return };
        let met = std::mem::take(&mut *integrity.untold.lock());
        met.into_iter().for_each(|damage| (self.on_damage)(damage));
    }

    /// The same for who has no key: checks if a device is open (or the volume is not encrypted).
    pub(crate) fn check_units_without_key(
        &self,
        layer: &Layer,
        first: Unit,
        units: &[u8],
    ) -> Result<(), VolumeError> {
        let Some(tagger) = self.integrity.as_ref().and_then(Integrity::tagger) else { return Ok(()) };
        let mut tags = vec![0; units.len() / UNIT * TAG_BYTES];
        self.check_units(&tagger, layer, first, units, &mut tags)
    }

    /// Tags units that come from the source, whose chunks have been verified.
    pub(crate) fn tag_loaded(&self, layer: &Layer, first: Unit, units: &[u8]) -> Result<(), VolumeError> {
        let Some(integrity) = &self.integrity else { return Ok(()) };
        let tagger = integrity.tagger().unwrap_or_else(|| integrity.public.clone());
        let mut tags = vec![0; units.len() / UNIT * TAG_BYTES];
        make_tags(&tagger, first, units, &mut tags)?;
        layer.write_tags(first, &tags)
    }

    /// The stack, to write units of this page in place: the intent to is durable.
    pub(crate) fn stack_to_overwrite(
        &self,
        page: PageIndex,
    ) -> Result<RwLockReadGuard<'_, crate::stack::Stack>, VolumeError> {
        loop {
            let stack = self.stack_to_write()?;
            let Some(integrity) = &self.integrity else { return Ok(stack) };
            if integrity.intents.note(page) {
                return Ok(stack);
            }
            drop(stack);
            // The device that writes is open.
            let tagger = integrity.tagger().ok_or(VolumeError::Key("the volume's device is closed"))?;
            integrity.intents.set(page, &tagger).map_err(|error| self.told(error))?;
        }
    }

    /// After a flush of everything: takes intents back that are some seconds old.
    pub(crate) fn take_back_intents(&self) {
        let Some(integrity) = &self.integrity else { return };
        let now = integrity.clock.monotonic().as_secs();
        if now >= integrity.looked.load(Ordering::Relaxed) + TAKE_BACK_SECONDS {
            integrity.looked.store(now, Ordering::Relaxed);
            self.age_intents();
        }
    }

    /// Takes back the intents of pages that were not written to since the last call. Flushes do this every few seconds; tests
    /// do it right after one, which must have succeeded.
    #[doc(hidden)]
    pub fn age_intents(&self) {
        let Some(integrity) = &self.integrity else { return };
        let mut held = integrity.intents.hold();
        let _pieces = self.pieces.write();
        let _nobody_writes = self.gate.write();
        integrity.intents.take_back(&mut held, false, |page| integrity.is_unsure(page));
    }

    /// For an orderly end, after a flush: no intents are left on the disk, unless somebody writes meanwhile.
    pub(crate) fn close_intents(&self) -> Result<(), VolumeError> {
        let Some(integrity) = &self.integrity else { return Ok(()) };
        let Some(tagger) = integrity.tagger() else { return Ok(()) };
        {
            let mut held = integrity.intents.hold();
            let _pieces = self.pieces.write();
            let stack = self.gate.write();
            if stack.layers.iter().any(|layer| layer.is_dirty()) {
                return Ok(());
            }
            integrity.intents.take_back(&mut held, true, |page| integrity.is_unsure(page));
        }
        integrity.intents.save(&tagger).map_err(|error| self.told(error))
    }

    fn told(&self, error: IntentError) -> VolumeError {
        match error {
            IntentError::Volume(error) => error,
            IntentError::Sync(error) => self.fail("syncing the record of intents", &error),
        }
    }

    /// Whether the page's units are read without being checked.
    pub(crate) fn is_unsure(&self, page: PageIndex) -> bool {
        self.integrity.as_ref().is_some_and(|integrity| integrity.is_unsure(page))
    }

    /// Pages that are unsure.
    pub(crate) fn unsure_pages(&self) -> Vec<(PageIndex, u64)> {
        let Some(integrity) = &self.integrity else { return Vec::new() };
        let mut pages: Vec<_> = integrity.unsure.lock().iter().map(|(page, n)| (*page, *n)).collect();
        pages.sort_unstable();
        pages
    }

    /// The page's units match their tags, unless something made it unsure anew.
    pub(crate) fn trust(&self, page: PageIndex, since: u64) {
        let Some(integrity) = &self.integrity else { return };
        // Its new tags are not durable: the intent stays until a flush that begins later. No bits are taken back in between.
        let _gate = self.gate.read();
        integrity.intents.note(page);
        let mut unsure = integrity.unsure.lock();
        if unsure.get(&page) == Some(&since) {
            unsure.remove(&page);
        }
    }
}
