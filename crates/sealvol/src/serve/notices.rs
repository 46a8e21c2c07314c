//! What a host finds broken, written down where people look: the volume's row (DescribeVolumeStatus says `impaired`), an event, the log.

use api::Door;
use host::Notices;
use std::sync::{Arc, Weak};
use volume::Damage;

/// The door, held weakly: the door's jobs hold the host, and the host holds this.
pub struct NoticesThroughDoor(Weak<Door>);

impl NoticesThroughDoor {
    pub fn new(door: &Arc<Door>) -> Self {
        NoticesThroughDoor(Arc::downgrade(door))
    }
}

impl Notices for NoticesThroughDoor {
    fn damaged(&self, damage: &Damage) {
        tracing::error!(
            volume = damage.volume,
            chunk = damage.chunk,
            what = damage.what,
            "a chunk cannot be read"
        );
        let Some(door) = self.0.upgrade() else { return };
        if let Err(failure) = ec2::damage::note(&door, &damage.volume, damage.chunk, &damage.what) {
            tracing::error!(volume = damage.volume, ?failure, "the damage could not be noted");
        }
    }
}
