//! What a host finds broken, written down where people look: the volume's row (DescribeVolumeStatus says `impaired`), an event, the log.

use api::Door;
use host::Notices;
use std::sync::{Arc, Weak};
use std::time::Duration;
use volume::Damage;

/// How often a failed disk is noted in a catalog that cannot take it, and how much longer each pause is than the one before.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

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

    fn read_only(&self, volume: &str, why: &str) {
        for attempt in 0..TRIES {
            let Some(door) = self.0.upgrade() else { return };
            match ec2::damage::read_only(&door, volume, why) {
                Ok(()) => return,
                Err(failure) => tracing::error!(volume, ?failure, "the failed disk could not be noted"),
            }
            // The catalog may lie on the disk that has just failed.
            door.env.clock.sleep(PAUSE * (attempt + 1));
        }
    }
}
