//! For KMS: which volumes and snapshots cannot be read any more once a key is gone, in whichever account. By an index, because
//! ScheduleKeyDeletion asks.

use crate::rows::{Snapshot, Volume};
use api::Answer;
use catalog::Tx;
use kms::dependants::{Dependants, KeyDependants, LISTED_MAX, Listed};

/// Answers from EC2's rows.
pub struct KeysInUse;

impl KeyDependants for KeysInUse {
    fn of(&self, tx: &mut Tx, key_arn: &str) -> Answer<Dependants> {
        let volumes = tx.scan_index::<Volume>("kms_key", key_arn, None, LISTED_MAX + 1)?;
        let snapshots = tx.scan_index::<Snapshot>("kms_key", key_arn, None, LISTED_MAX + 1)?;
        Ok(Dependants {
            volumes: Listed::of(volumes.into_iter().map(|volume| volume.id).collect()),
            snapshots: Listed::of(snapshots.into_iter().map(|snapshot| snapshot.id).collect()),
            // An image depends on a key through its snapshots only, which are listed.
            images: Listed::default(),
        })
    }
}
