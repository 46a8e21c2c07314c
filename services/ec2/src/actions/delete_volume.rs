//! DeleteVolume: `available` (or still `creating`) → `deleting` → gone. The store is removed by a job that waits its turn
//! behind the volume's creation; the deleteVolume event follows. Needs `ec2:DeleteVolume` on the volume.
//! Source: EC2 API Reference, DeleteVolume.

use crate::{find, jobs, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::volume::{self, VolumeState};
use wire::generated::ec2::{DeleteVolume as Op, DeleteVolumeInput, DeleteVolumeOutput};

pub struct DeleteVolume;

impl Action for DeleteVolume {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DeleteVolume";
    const KEYS: &'static [&'static str] = touched::keys::VOLUME;

    fn check(input: &DeleteVolumeInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)
    }

    fn touches(cx: &mut Cx, input: &DeleteVolumeInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::volume::existing(cx, &input.volume_id)?])
    }

    fn handle(cx: &mut Cx, input: DeleteVolumeInput) -> Answer<DeleteVolumeOutput> {
        find::touch_volume(cx, &input.volume_id);
        let mut row = find::volume(cx, &input.volume_id)?;
        let held_by: Vec<&str> = row.attachments.iter().map(|a| a.instance.as_str()).collect();
        volume::may_delete(&row.id, row.state, &held_by)?;
        row.state = VolumeState::Deleting;
        cx.tx.put(&row)?;
        jobs::delete_volume::enqueue(cx, &row.id)?;
        Ok(DeleteVolumeOutput::default())
    }
}

#[cfg(test)]
#[path = "delete_volume_tests.rs"]
mod tests;
