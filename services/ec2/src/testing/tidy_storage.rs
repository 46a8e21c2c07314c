//! What must be true of snapshots whenever no job is left: every one has ended, nothing is frozen, no work is remembered, and the
//! stored objects are those of the snapshots that exist.

use super::Bench;
use crate::rows::{FormerSnapshot, Snapshot};
use rules::lifecycle::snapshot::SnapshotState;
use std::collections::BTreeSet;

impl Bench {
    pub fn assert_storage_tidy(&self) {
        let rows: Vec<Snapshot> = self.all();
        for row in &rows {
            let ended = matches!(row.state, SnapshotState::Completed | SnapshotState::Error);
            assert!(ended && row.base.is_none() && row.base_at.is_none(), "{row:?}");
            assert_eq!(row.state == SnapshotState::Completed, row.at.is_some(), "{row:?}");
            assert_eq!(row.state == SnapshotState::Error, row.state_message.is_some(), "{row:?}");
        }
        for former in self.all::<FormerSnapshot>() {
            assert!(former.collected, "{former:?}");
            assert!(former.snapshot.encryption.iter().all(|e| e.wrapped_key.is_none()), "{former:?}");
        }
        let kept = self.host.kept.lock().unwrap();
        assert!(kept.frozen.is_empty(), "{:?}", kept.frozen);
        assert!(kept.running.is_empty() && kept.ended.is_empty(), "{:?} {:?}", kept.running, kept.ended);
        let places = |rows: &[Snapshot]| -> BTreeSet<String> {
            rows.iter()
                .filter_map(|s| s.at.as_ref())
                .map(|at| format!("{}/{}", at.region, at.snapshot))
                .collect()
        };
        let there = places(&rows);
        assert!(kept.written.is_subset(&there), "{:?} written for {there:?}", kept.written);
        assert!(kept.stored.keys().all(|place| there.contains(place)));
        assert!(there.is_disjoint(&kept.gone), "{:?} are gone, {there:?} exist", kept.gone);
    }
}
