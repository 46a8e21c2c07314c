//! Stored snapshots that are open: reading blocks of one snapshot from 64 connections opens its manifest once.

use crate::HostError;
use parking_lot::Mutex;
use snapshot::{Reader, SnapshotRef};
use std::sync::Arc;

/// Kept at a time; a manifest's list of pages takes 44 bytes per 512 MiB held, and its cached pages some hundred KiB.
const KEPT: usize = 32;

#[derive(Default)]
pub(crate) struct Readers(Mutex<Vec<(SnapshotRef, Arc<Reader>)>>);

impl Readers {
    /// The open snapshot, or what `open` gives. Two that ask at once may both open it; one of them is kept.
    pub fn get(
        &self,
        at: &SnapshotRef,
        open: impl FnOnce() -> Result<Arc<Reader>, HostError>,
    ) -> Result<Arc<Reader>, HostError> {
        if let Some(found) = self.find(at) {
            return Ok(found);
        }
        let opened = open()?;
        let mut kept = self.0.lock();
        kept.retain(|(known, _)| known != at);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((at.clone(), opened.clone()));
        Ok(opened)
    }

    /// Before its objects are removed.
    pub fn forget(&self, at: &SnapshotRef) {
        self.0.lock().retain(|(known, _)| known != at);
    }

    /// Moves it to the end: who was used last leaves last.
    fn find(&self, at: &SnapshotRef) -> Option<Arc<Reader>> {
        let mut kept = self.0.lock();
        let place = kept.iter().position(|(known, _)| known == at)?;
        let found = kept.remove(place);
        let reader = found.1.clone();
        kept.push(found);
        Some(reader)
    }
}
