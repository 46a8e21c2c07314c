//! CreateSnapshots: snapshots of all volumes of an instance (or of those not excluded) at one instant, so that together they are
//! what a crash at that instant would have left. All of them, or none.
//!
//! As CreateSnapshot, with one job that freezes the volumes together and then one that stores each. When the last one has ended,
//! a completion event tells of the whole set.
//! Needs `ec2:CreateSnapshots` on the instance, `snapshot/*` and `volume/*`. Source: EC2 API Reference, CreateSnapshots.

use crate::jobs::if_there;
use crate::rows::{Instance, Volume, volume_arn};
use crate::{find, jobs, shapes, snapshotting, tagging, touched};
use api::{Action, After, Answer, Cx, Failure, Finish, Touched};
use base::{Refusal, Tag};
use rules::lifecycle::instance::{self, InstanceState};
use rules::lifecycle::volume::AttachmentState;
use wire::generated::ec2::{CreateSnapshots as Op, CreateSnapshotsInput, CreateSnapshotsOutput};

/// Volumes that a request may exclude by id.
const EXCLUDED_MAX: usize = 40;

pub struct CreateSnapshots;

impl Action for CreateSnapshots {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CreateSnapshots";
    const KEYS: &'static [&'static str] = touched::keys::NEW_SNAPSHOTS;

    fn check(input: &CreateSnapshotsInput) -> Result<(), Refusal> {
        find::check_instance_id(instance_id(input))?;
        for id in excluded(input) {
            find::check_volume_id(id)?;
        }
        if excluded(input).len() > EXCLUDED_MAX {
            let message = format!("You can exclude up to {EXCLUDED_MAX} volumes");
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        copies_tags(input)?;
        tags(input)?;
        let (outpost, location) = (input.outpost_arn.as_deref(), input.location.as_deref());
        snapshotting::check(input.description.as_deref(), outpost, location)
    }

    fn touches(cx: &mut Cx, input: &CreateSnapshotsInput) -> Answer<Vec<Touched>> {
        let id = instance_id(input);
        let mut touched = vec![touched::instance::existing(cx, id)?];
        let row = if_there(find::instance(cx, id))?;
        // Which of the volumes it will be is found out later; with none to be seen there is a snapshot of something all the same.
        let volumes = match row.map(|row| wanted(cx, &row, input)) {
            Some(Ok(volumes)) => volumes,
            Some(Err(Failure::Refused(_))) | None => Vec::new(),
            Some(Err(other)) => return Err(other),
        };
        if volumes.is_empty() {
            touched.push(touched::snapshot::of_volume(cx, None, &tags(input)?)?);
            touched.push(touched::named(cx, volume_arn(cx.account(), cx.region(), "*")));
        }
        for volume in volumes {
            let of_volume: &[Tag] = if copies_tags(input)? { &volume.tags } else { &[] };
            let tags = rules::tags::merged(of_volume, &tags(input)?)?;
            touched.push(touched::snapshot::of_volume(cx, Some(&volume.id), &tags)?);
            touched.push(touched::volume::existing(cx, &volume.id)?);
        }
        Ok(touched)
    }

    fn authorise(cx: &mut Cx, input: &CreateSnapshotsInput) -> Answer<()> {
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        touched::tags::may_tag(cx, "CreateSnapshots", &touched)
    }

    fn handle(cx: &mut Cx, input: CreateSnapshotsInput) -> Answer<CreateSnapshotsOutput> {
        find::touch_instance(cx, instance_id(&input));
        let instance = find::instance(cx, instance_id(&input))?;
        if !matches!(instance.state, InstanceState::Running | InstanceState::Pending) {
            return Err(instance::not_found(&instance.id).because("the instance was terminated").into());
        }
        let (given, description) = (tags(&input)?, input.description.clone().unwrap_or_default());
        let mut rows = Vec::new();
        let mut first = String::new();
        for volume in wanted(cx, &instance, &input)? {
            let of_volume: &[Tag] = if copies_tags(&input)? { &volume.tags } else { &[] };
            let tags = rules::tags::merged(of_volume, &given)?;
            let row = snapshotting::begin(cx, &volume, &description, tags, Some(&first))?;
            first = row.set.clone().unwrap_or_default();
            find::touch_volume(cx, &volume.id);
            rows.push(row);
        }
        jobs::create_snapshot::enqueue(cx, &rows)?;
        Ok(CreateSnapshotsOutput { snapshots: Some(rows.iter().map(shapes::snapshot_info).collect()) })
    }

    const FINISH: Option<Finish<Self>> = Some(finish);
}

fn finish(after: &After, output: CreateSnapshotsOutput) -> Answer<CreateSnapshotsOutput> {
    let ids: Vec<String> = output.snapshots.iter().flatten().filter_map(|s| s.snapshot_id.clone()).collect();
    snapshotting::wait_for_instant(after, &ids)?;
    Ok(output)
}

fn instance_id(input: &CreateSnapshotsInput) -> &str {
    input.instance_specification.instance_id.as_deref().unwrap_or_default()
}

fn excluded(input: &CreateSnapshotsInput) -> &[String] {
    input.instance_specification.exclude_data_volume_ids.as_deref().unwrap_or_default()
}

fn tags(input: &CreateSnapshotsInput) -> Result<Vec<Tag>, Refusal> {
    tagging::from_specifications(input.tag_specifications.as_ref(), &["snapshot"], "snapshot")
}

fn copies_tags(input: &CreateSnapshotsInput) -> Result<bool, Refusal> {
    match input.copy_tags_from_source.as_deref() {
        None | Some("") => Ok(false),
        Some("volume") => Ok(true),
        Some(other) => Err(Refusal::new(
            "InvalidParameterValue",
            format!("Value ({other}) for parameter CopyTagsFromSource is invalid."),
        )),
    }
}

/// The instance's volumes in the order of their attachment, without those that the request excludes.
fn wanted(cx: &mut Cx, instance: &Instance, input: &CreateSnapshotsInput) -> Answer<Vec<Volume>> {
    let mut all = Vec::new();
    for id in &instance.volumes {
        let row = find::volume(cx, id)?;
        if row.attachment(&instance.id).is_some_and(|a| a.state != AttachmentState::Detaching) {
            all.push(row);
        }
    }
    let is_boot = |v: &Volume| v.attachment(&instance.id).is_some_and(|a| a.device == shapes::ROOT_DEVICE);
    for id in excluded(input) {
        let why = match all.iter().find(|v| v.id == *id) {
            None => format!("the volume is not attached to {}", instance.id),
            Some(row) if is_boot(row) => "it is the root volume; use ExcludeBootVolume for it".to_owned(),
            Some(_) => continue,
        };
        let message = format!("Value ({id}) for parameter ExcludeDataVolumeIds is invalid: {why}");
        return Err(Refusal::new("InvalidParameterValue", message).into());
    }
    let without_boot = input.instance_specification.exclude_boot_volume.unwrap_or_default();
    let is_excluded = |v: &Volume| excluded(input).contains(&v.id) || (without_boot && is_boot(v));
    all.retain(|v| !is_excluded(v));
    if all.is_empty() {
        let message = format!("Instance {} has no volumes to take snapshots of", instance.id);
        return Err(Refusal::new("InvalidParameterValue", message)
            .because("no volume is attached, or all are excluded")
            .into());
    }
    Ok(all)
}

#[cfg(test)]
#[path = "create_snapshots_tests.rs"]
mod tests;
