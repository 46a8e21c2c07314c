//! Snapshots and their sharing as rows, for tests of what is made from them.

use super::Bench;
use super::storage::reference;
use crate::rows::{FastRestore, FormerSnapshot, Origin, Share, Sizes, Snapshot, Volume};
use api::Failure;
use base::SizeGib;
use catalog::Row;
use rules::lifecycle::snapshot::SnapshotState;
use snapshot::StoreSpec;

impl Bench {
    /// Writes a row as it is.
    pub fn put<R: Row>(&self, row: &R) {
        self.door.catalog.transact::<(), Failure>(|tx| Ok(tx.put(row)?)).unwrap();
    }

    /// The snapshot's row, of whatever account.
    pub fn snapshot_row(&self, id: &str) -> Option<Snapshot> {
        self.all::<Snapshot>().into_iter().find(|s| s.id == id)
    }

    pub fn former_snapshot(&self, id: &str) -> Option<FormerSnapshot> {
        self.all::<FormerSnapshot>().into_iter().find(|s| s.snapshot.id == id)
    }

    /// The snapshot's state, as its owner sees it.
    pub fn snapshot_state(&self, id: &str) -> String {
        self.snapshot_row(id).map_or_else(|| "gone".to_owned(), |s| s.state.as_str().to_owned())
    }

    /// A completed snapshot of a volume, stored without the host's doing.
    pub fn completed_snapshot(&self, volume: &str) -> Snapshot {
        self.snapshot_like(&self.row(volume).unwrap(), SnapshotState::Completed)
    }

    /// A snapshot of `volume` in any state.
    pub fn snapshot_like(&self, volume: &Volume, state: SnapshotState) -> Snapshot {
        let id = self.door.env.ids.resource("snap");
        let at = reference(volume.region.as_str(), &id);
        let stored = StoreSpec {
            region: volume.region.to_string(),
            snapshot: id.clone(),
            size_bytes: SizeGib(volume.size_gib).bytes(),
            lineage: volume.lineage.clone(),
            encryption: None,
        };
        self.host.kept.lock().unwrap().stored.insert(format!("{}/{id}", volume.region), (stored, None));
        let row = Snapshot {
            account: volume.account.clone(),
            region: volume.region.clone(),
            id,
            volume: volume.id.clone(),
            size_gib: volume.size_gib,
            state,
            state_message: None,
            started: self.door.env.clock.now(),
            completed: Some(self.door.env.clock.now()),
            progress: 100,
            description: String::new(),
            tags: Vec::new(),
            encryption: volume.encryption.clone(),
            lineage: volume.lineage.clone(),
            descent: String::new(),
            origin: Origin::Volume,
            at: Some(at),
            sizes: Sizes::default(),
            base: None,
            base_at: None,
            frozen: true,
            public: false,
            lock: None,
            request_id: String::new(),
            set: None,
        };
        self.put(&row);
        row
    }

    /// A completed snapshot of a new plain volume of so many GiB.
    pub fn plain_snapshot(&self, size_gib: u32) -> Snapshot {
        self.completed_snapshot(&self.volume(&format!("&Size={size_gib}")))
    }

    /// A completed snapshot of a new volume under a key of its own, and that key's ARN.
    pub fn encrypted_snapshot(&self) -> (Snapshot, String) {
        let (volume, key) = self.encrypted_volume();
        (self.completed_snapshot(&volume), key)
    }

    /// Lets another account use a snapshot.
    pub fn share(&self, snapshot: &Snapshot, with: &str) {
        let (region, owner) = (snapshot.region.clone(), snapshot.account.clone());
        self.put(&Share { region, with: with.to_owned(), snapshot: snapshot.id.clone(), owner });
    }

    /// Fast snapshot restore of a snapshot for its owner, in a state.
    pub fn fast_restore(&self, snapshot: &Snapshot, zone: &str, state: &str) {
        self.put(&FastRestore {
            account: snapshot.account.clone(),
            region: snapshot.region.clone(),
            snapshot: snapshot.id.clone(),
            owner: snapshot.account.clone(),
            zone: zone.to_owned(),
            state: state.to_owned(),
            enabling: None,
            optimizing: None,
            enabled: None,
            disabling: None,
            disabled: None,
        });
    }
}
