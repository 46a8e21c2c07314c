//! CreateSnapshot: what a volume holds at this instant, kept for good. The volume may be attached and in use; I/O goes on.
//!
//! The call writes a row in state `pending` and enqueues the job that freezes the volume; the answer waits until that instant is
//! durable, so what was written before the answer is in the snapshot or came after the call, and nothing is lost in between. Storing
//! follows. KMS is not asked: the snapshot is under the volume's own data key.
//! Needs `ec2:CreateSnapshot` on `snapshot/*` and on the volume.
//! Source: EC2 API Reference, CreateSnapshot; recordings of AWS for the answer (`Progress` is empty, no `KmsKeyId`).

use crate::{find, jobs, shapes, snapshotting, tagging, touched};
use api::{Action, After, Answer, Cx, Finish, Touched};
use base::{Refusal, Tag};
use wire::generated::ec2::{CreateSnapshot as Op, CreateSnapshotInput, CreateSnapshotOutput};

pub struct CreateSnapshot;

impl Action for CreateSnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CreateSnapshot";
    const KEYS: &'static [&'static str] = touched::keys::NEW_SNAPSHOT;

    fn check(input: &CreateSnapshotInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)?;
        tags(input)?;
        let (outpost, location) = (input.outpost_arn.as_deref(), input.location.as_deref());
        snapshotting::check(input.description.as_deref(), outpost, location)
    }

    fn touches(cx: &mut Cx, input: &CreateSnapshotInput) -> Answer<Vec<Touched>> {
        let snapshot = touched::snapshot::of_volume(cx, Some(&input.volume_id), &tags(input)?)?;
        Ok(vec![snapshot, touched::volume::existing(cx, &input.volume_id)?])
    }

    fn authorise(cx: &mut Cx, input: &CreateSnapshotInput) -> Answer<()> {
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        touched::tags::may_tag(cx, "CreateSnapshot", &touched)
    }

    fn handle(cx: &mut Cx, input: CreateSnapshotInput) -> Answer<CreateSnapshotOutput> {
        find::touch_volume(cx, &input.volume_id);
        let volume = find::volume(cx, &input.volume_id)?;
        let description = input.description.as_deref().unwrap_or_default();
        let row = snapshotting::begin(cx, &volume, description, tags(&input)?, None)?;
        jobs::create_snapshot::enqueue(cx, std::slice::from_ref(&row))?;
        Ok(shapes::new_snapshot(&row).into())
    }

    const FINISH: Option<Finish<Self>> = Some(finish);
}

fn finish(after: &After, output: CreateSnapshotOutput) -> Answer<CreateSnapshotOutput> {
    snapshotting::wait_for_instant(after, output.snapshot_id.as_slice())?;
    Ok(output)
}

fn tags(input: &CreateSnapshotInput) -> Result<Vec<Tag>, Refusal> {
    tagging::from_specifications(input.tag_specifications.as_ref(), &["snapshot"], "snapshot")
}

#[cfg(test)]
#[path = "create_snapshot_tests.rs"]
mod tests;
