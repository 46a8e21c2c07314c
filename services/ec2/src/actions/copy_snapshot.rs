//! CopySnapshot: a snapshot of one's own under another id, in this Region or from another one, encrypted or not; from one's own
//! snapshot, one that is shared, or a public one.
//!
//! The call goes to the destination Region. It checks the request, decides the outcome and looks at the key; it writes the row of a
//! pending copy, which shows nothing of the source yet, and enqueues the job. A source that is not there or not complete, and a key that
//! may not be used, come out in the job: the copy then ends in `error`. Tags, description and permissions of the source are not
//! inherited. At most 20 copies to a Region at once.
//! Needs `ec2:CopySnapshot` on `snapshot/*`; on the keys what `copy_keys.rs` asks of KMS.
//! Source: EC2 API Reference, CopySnapshot; EBS User Guide, "Copy a snapshot"; recordings of AWS for checks, messages and the answer.

use crate::copying::{self, Wanted};
use crate::{find, jobs, shapes, shared_use, snapshotting, tagging, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Refusal, Region, Tag};
use rules::copy_request::{self, CopyPlan, CopyRequest};
use rules::lifecycle::snapshot;
use wire::generated::ec2::{CopySnapshot as Op, CopySnapshotInput, CopySnapshotOutput};

pub struct CopySnapshot;

impl Action for CopySnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CopySnapshot";
    const KEYS: &'static [&'static str] = touched::keys::COPY;

    fn check(input: &CopySnapshotInput) -> Result<(), Refusal> {
        snapshotting::check(input.description.as_deref(), input.destination_outpost_arn.as_deref(), None)?;
        if input.destination_availability_zone.as_deref().is_some_and(|zone| !zone.is_empty()) {
            let message = "The parameter DestinationAvailabilityZone is not supported.";
            return Err(
                Refusal::new("UnsupportedOperation", message).because("there are no Local Zones here")
            );
        }
        tags(input)?;
        wanted(input).check()
    }

    fn touches(cx: &mut Cx, input: &CopySnapshotInput) -> Answer<Vec<Touched>> {
        let plan = plan(input, cx.region())?;
        let source = find::snapshot_in(cx, &plan.source_region, plan.snapshot.as_str())?;
        let encrypted = wanted(input).foresee(cx, source.as_ref())?;
        let from = (&plan.source_region, plan.snapshot.as_str());
        touched::snapshot::copy(cx, from, encrypted, &tags(input)?)
    }

    /// The Regions and the presigned URL need no state but the Region of the call, so they too are checked before.
    fn authorise(cx: &mut Cx, input: &CopySnapshotInput) -> Answer<()> {
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        touched::tags::may_tag(cx, "CopySnapshot", &touched)
    }

    fn handle(cx: &mut Cx, input: CopySnapshotInput) -> Answer<CopySnapshotOutput> {
        let plan = plan(&input, cx.region())?;
        let id = cx.door.env.ids.resource("snap");
        let source = find::snapshot_in(cx, &plan.source_region, plan.snapshot.as_str())?;
        let wanted = wanted(&input);
        let planned = wanted.decide(cx, &id, source.as_ref())?;
        snapshot::may_start_copy(copying::in_flight(cx)?)?;
        if let Some(of_other) = source.as_ref().filter(|s| &s.account != cx.account()) {
            copying::in_region(cx, &plan.source_region, |cx| {
                shared_use::tell_owner(cx, "SharedSnapshotCopyInitiated", &of_other.account, &of_other.id)
            })?;
        }
        let description = input.description.clone().unwrap_or_default();
        let row = copying::new_row(cx, id, &plan, source.as_ref(), description, tags(&input)?);
        cx.tx.put(&row)?;
        find::touch_snapshot(cx, &row.id);
        jobs::copy_snapshot::enqueue(cx, &row.id, planned, wanted.key.is_none())?;
        Ok(CopySnapshotOutput { tags: shapes::tags(&row.tags), snapshot_id: Some(row.id) })
    }
}

fn plan(input: &CopySnapshotInput, here: &Region) -> Result<CopyPlan, Refusal> {
    let asked = CopyRequest {
        source_snapshot_id: Some(&input.source_snapshot_id),
        source_region: Some(&input.source_region),
        destination_region: input.destination_region.as_deref(),
        presigned_url: input.presigned_url.as_deref(),
        completion_minutes: input.completion_duration_minutes,
    };
    copy_request::check(asked, here)
}

fn wanted(input: &CopySnapshotInput) -> Wanted<'_> {
    Wanted { encrypted: input.encrypted, key: input.kms_key_id.as_deref().filter(|key| !key.is_empty()) }
}

fn tags(input: &CopySnapshotInput) -> Result<Vec<Tag>, Refusal> {
    tagging::from_specifications(input.tag_specifications.as_ref(), &["snapshot"], "snapshot")
}

#[cfg(test)]
#[path = "copy_snapshot_tests.rs"]
mod tests;
