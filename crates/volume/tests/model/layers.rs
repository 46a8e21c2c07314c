//! Snapshots in a run: frozen, read, stored, thawed; merging; loading and restoring.

use crate::common::chunks::{Chunks, expect, overlay, striped};
use crate::common::sectors::Sectors;
use crate::run::{Frozen, Kept, Run, SIZE, WINDOWS};
use env::Files;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use volume::Volume;

/// Chunks of the windows, and one where nobody works.
const STRIPED: [u32; 5] = [0, 2, 20, 63, 66];

impl Run {
    /// A stored snapshot made by hand, so that a first volume can be restored.
    pub fn origin(&mut self) -> String {
        let mut model = Sectors::new(&WINDOWS);
        let each = |at, byte| model.change(at, 4096, |_| byte);
        let stored = striped(SIZE, &STRIPED, self.setup.encrypted, each);
        let kept = Kept { chunks: stored.chunks, content: model.now(), size_bytes: SIZE };
        self.stored.insert("snap-origin".into(), kept);
        "snap-origin".into()
    }

    /// Freezes this volume, or all of them at one instant.
    pub fn freeze(&mut self, all: bool) {
        self.note(if all { "freeze all" } else { "freeze" });
        let volumes: Vec<usize> = if all { (0..self.volumes.len()).collect() } else { vec![self.at] };
        let id = format!("snap-{}", self.next_snapshot);
        self.next_snapshot += 1;
        // Of a set, each volume's snapshot has a name of its own.
        let ids: Vec<String> = volumes.iter().map(|n| format!("{id}-{n}")).collect();
        let set: Vec<(Arc<Volume>, &str)> = volumes
            .iter()
            .zip(&ids)
            .map(|(n, id)| (self.volumes[*n].volume().clone(), id.as_str()))
            .collect();
        let result = volume::freeze(&set);
        let sure = result.is_ok();
        for (n, id) in volumes.iter().zip(&ids) {
            let dark = self.files.is_dark();
            let vol = &mut self.volumes[*n];
            // Of a set, one may stay frozen if a second fault keeps it from being forgotten; the next try freezes all anew.
            let listed = vol.volume().frozen_snapshots().contains(id);
            assert!(sure || dark || all || !listed, "not frozen, and listed");
            let (content, size_bytes) = (vol.model.now(), vol.device.size_bytes());
            vol.frozen.insert(id.clone(), Frozen { content, size_bytes, sure });
            if sure {
                vol.model.flushed();
            }
        }
        if sure && self.dice.one_in(3) {
            volume::freeze(&set).unwrap();
        }
        drop(set);
        let back = self.at;
        let read_only = |run: &Run, n: usize| run.volumes[n].device.write_at(&mut [], 0, false).is_err();
        // Which of them cannot be written to any more, only it knows.
        match volumes.iter().find(|n| result.is_err() && read_only(self, **n)) {
            Some(n) => self.at = *n,
            None => self.at = back,
        }
        let crashes = self.crashes;
        self.ended(result, true);
        if all && !sure && crashes == self.crashes {
            self.settle_all("after a set was not frozen");
        }
        self.at = back;
    }

    fn a_frozen_one(&mut self) -> Option<String> {
        let sure = |vol: &crate::run::Vol| -> Vec<String> {
            vol.frozen.iter().filter(|(_, frozen)| frozen.sure).map(|(id, _)| id.clone()).collect()
        };
        let ids = sure(&self.volumes[self.at]);
        (!ids.is_empty()).then(|| ids[self.dice.below(ids.len() as u64) as usize].clone())
    }

    /// All chunks of a frozen snapshot say what the model remembers.
    pub fn check_frozen(&mut self) {
        self.note("check frozen");
        let Some(id) = self.a_frozen_one() else { return };
        let encrypted = self.setup.encrypted;
        let source = self.vol().volume().frozen(&id, false).unwrap();
        let frozen = &self.vol().frozen[&id];
        assert_eq!(source.size_bytes(), frozen.size_bytes);
        match overlay(&Chunks::new(), &source) {
            Ok(all) => expect(&all, &frozen.content, frozen.size_bytes, encrypted, &id),
            Err(_) => self.after_failed_reading(),
        }
    }

    /// Loading for a reader may have met a failed sync, which only the volume knows of.
    fn after_failed_reading(&mut self) {
        let now = self.vol().device.write_at(&mut [], 0, false);
        let due = self.heal();
        assert!(
            due || self.files.is_dark() || now.is_err() || self.faults > 0,
            "a frozen snapshot cannot be read"
        );
        self.ended(now, false);
    }

    pub fn store_and_thaw(&mut self) {
        let Some(id) = self.a_frozen_one() else { return };
        let encrypted = self.setup.encrypted;
        let volume = self.vol().volume().clone();
        let base = volume.base();
        let source = volume.frozen(&id, base.is_some()).unwrap();
        let none = Chunks::new();
        let below = base.as_ref().map_or(&none, |base| &self.stored[base].chunks);
        let Ok(chunks) = overlay(below, &source) else { return self.after_failed_reading() };
        drop(source);
        let frozen = &self.vol().frozen[&id];
        let (content, size_bytes) = (frozen.content.clone(), frozen.size_bytes);
        expect(&chunks, &content, size_bytes, encrypted, &format!("{id} over {base:?}"));
        self.stored.insert(id.clone(), Kept { chunks, content, size_bytes });
        let stored = !self.dice.one_in(3);
        self.note(if stored { "thaw stored" } else { "thaw" });
        let result = volume.thaw(&id, stored);
        match result {
            Ok(()) => drop(self.vol().frozen.remove(&id)),
            // It may be thawed after the next start.
            Err(_) => self.vol().frozen.get_mut(&id).unwrap().sure = false,
        }
        self.ended(result, false);
    }

    pub fn merge(&mut self, stop: bool) {
        self.note("merge");
        let volume = self.vol().volume().clone();
        let result = volume.merge(&AtomicBool::new(stop));
        if result.is_ok() && volume.frozen_snapshots().is_empty() && !self.files.is_dark() {
            assert_eq!(self.layers(), 0, "merged, and still more than one layer");
        }
        self.ended(result, false);
    }

    /// Directories of upper layers.
    pub fn layers(&mut self) -> usize {
        let dir = self.vol().dir.clone();
        let names = self.files.list(&dir).unwrap_or_default();
        names.iter().filter(|name| name.to_string_lossy().starts_with("layer.")).count()
    }

    /// Loads so many batches, or all.
    pub fn load(&mut self, until: Option<u64>) {
        self.note("load");
        let stop = AtomicBool::new(false);
        let volume = self.vol().volume().clone();
        let at_chunk = |done, _| stop.store(until.is_some_and(|until| done >= until), Ordering::Relaxed);
        let result = volume.load_all(&at_chunk, &stop);
        assert!(result.is_err() || volume.source().is_none());
        self.ended(result, false);
    }

    /// Makes another volume from a snapshot that was stored.
    pub fn restore(&mut self) {
        let ids: Vec<String> = self.stored.keys().cloned().collect();
        if !ids.is_empty() {
            let id = ids[self.dice.below(ids.len() as u64) as usize].clone();
            self.create(Some(&id));
        }
    }

    /// In the end everything is loaded, thawed and merged, and says the same.
    pub fn finish(&mut self) {
        for n in 0..self.volumes.len() {
            self.at = n;
            let vol = self.vol();
            let volume = vol.volume().clone();
            volume.load_all(&|_, _| {}, &AtomicBool::new(false)).unwrap();
            for id in volume.frozen_snapshots() {
                volume.thaw(&id, true).unwrap();
            }
            volume.merge(&AtomicBool::new(false)).unwrap();
            for window in vol.windows() {
                let bytes =
                    crate::common::read(&vol.device, window.start, (window.end - window.start) as usize);
                vol.model.expect(window.start, &bytes);
            }
            assert_eq!(self.layers(), 0);
            if self.setup.restored && n == 0 {
                let expected = self.stored["snap-origin"].chunks[&20].clone();
                let expected = crate::common::chunks::plain(20, expected, self.setup.encrypted);
                let bytes = crate::common::read(&self.volumes[0].device, 20 << 19, 1 << 19);
                assert!(bytes == expected, "the chunk where nobody works");
            }
        }
    }
}
