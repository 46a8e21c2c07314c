//! DescribeVolumeStatus: does I/O work, and is everything loaded? A volume whose host could not open it again after a restart,
//! because its key cannot be used, is `impaired`, and so is one of which parts cannot be read, or which is read-only because its disk
//! failed a sync; EnableVolumeIO is then the action to take. Every other one is `ok`. Needs `ec2:DescribeVolumeStatus`.
//! Source: EC2 API Reference, DescribeVolumeStatus.

use super::describe_volumes::described;
use crate::rows::{Source, Volume};
use crate::{filters, find, paging, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::volume::VolumeState;
use wire::generated::ec2::{
    DescribeVolumeStatus as Op, DescribeVolumeStatusInput, DescribeVolumeStatusOutput,
    InitializationStatusDetails, VolumeStatusAction, VolumeStatusAttachmentStatus, VolumeStatusDetails,
    VolumeStatusEvent, VolumeStatusInfo, VolumeStatusItem,
};

const ENABLE_IO: &str = "enable-volume-io";
const IO_FAILED: &str = "io-enabled:failed";
/// What the disk had accepted may be gone, in part: EC2 User Guide, "Amazon EBS volume status checks".
const INCONSISTENT: &str = "potential-data-inconsistency";

const FILTERS: &[&str] = &[
    "action.code",
    "availability-zone",
    "event.event-type",
    "volume-id",
    "volume-status.details-name",
    "volume-status.details-status",
    "volume-status.status",
];

pub struct DescribeVolumeStatus;

impl Action for DescribeVolumeStatus {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeVolumeStatus";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeVolumeStatusInput) -> Result<(), Refusal> {
        for id in input.volume_ids.iter().flatten() {
            find::check_described_volume_id(id)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeVolumeStatusInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeVolumeStatusInput) -> Answer<DescribeVolumeStatusOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let keep = |row: &Volume| {
            row.state != VolumeState::Deleting && filters::pass(&wanted, &row.tags, |name| texts(row, name))
        };
        let page = described(cx, input.volume_ids.as_deref(), &asked(&input), keep)?;
        Ok(DescribeVolumeStatusOutput {
            volume_statuses: Some(page.rows.iter().map(item).collect()),
            next_token: page.next_token,
        })
    }
}

fn asked(input: &DescribeVolumeStatusInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeVolumeStatus",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: input.volume_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
    }
}

/// What is wrong with the volume, and the type of its event: a failed disk, attachments that do not work, parts that cannot be read.
fn troubles(row: &Volume) -> impl Iterator<Item = (&str, &'static str)> {
    let broken = row.attachments.iter().filter_map(|a| a.broken.as_deref());
    let failed = broken.chain(row.damage.iter().map(String::as_str)).map(|why| (why, IO_FAILED));
    row.read_only.as_deref().map(|why| (why, INCONSISTENT)).into_iter().chain(failed)
}

fn is_impaired(row: &Volume) -> bool {
    troubles(row).next().is_some()
}

fn status(row: &Volume) -> &'static str {
    match row.state {
        VolumeState::Creating => "insufficient-data",
        _ if is_impaired(row) => "impaired",
        _ => "ok",
    }
}

/// `io-enabled`; `io-performance`, only meaningful for provisioned IOPS; `initialization-state`, of volumes from snapshots.
fn details(row: &Volume) -> Vec<(&'static str, &'static str)> {
    let impaired = is_impaired(row);
    let performance = match row.volume_type.as_str() {
        "io1" | "io2" | "gp3" if impaired => "stalled",
        "io1" | "io2" | "gp3" => "normal",
        _ => "not-applicable",
    };
    let state = |s: &Source| ("initialization-state", if s.loading { "initializing" } else { "completed" });
    let enabled = ("io-enabled", if impaired { "failed" } else { "passed" });
    [enabled, ("io-performance", performance)].into_iter().chain(row.source.as_ref().map(state)).collect()
}

/// How far a volume from a snapshot is loaded. An estimate of the time left is given only where a rate was asked for (EC2 API
/// Reference, InitializationStatusDetails).
fn initialization(row: &Volume) -> Option<InitializationStatusDetails> {
    let source = row.source.as_ref()?;
    let left_mib = u64::from(row.size_gib) * 1024 * u64::from(100 - source.progress.min(100)) / 100;
    let seconds = |rate: i32| {
        let rate = u64::try_from(rate).unwrap_or(1).max(1);
        if source.loading { i64::try_from(left_mib / rate).unwrap_or(i64::MAX) } else { 0 }
    };
    Some(InitializationStatusDetails {
        initialization_type: Some(if source.rate.is_some() { "provisioned-rate" } else { "default" }.into()),
        progress: Some(i64::from(source.progress)),
        estimated_time_to_complete_in_seconds: source.rate.map(seconds),
    })
}

fn item(row: &Volume) -> VolumeStatusItem {
    let detail = |(name, status): (&str, &str)| VolumeStatusDetails {
        name: Some(name.into()),
        status: Some(status.into()),
    };
    let attached = |a: &crate::rows::Attachment| VolumeStatusAttachmentStatus {
        instance_id: Some(a.instance.clone()),
        ..Default::default()
    };
    let event = |(why, kind): (&str, &str)| VolumeStatusEvent {
        description: Some(why.to_owned()),
        event_type: Some(kind.into()),
        ..Default::default()
    };
    VolumeStatusItem {
        volume_id: Some(row.id.clone()),
        availability_zone: Some(row.zone.clone()),
        availability_zone_id: shapes::zone_id(row),
        volume_status: Some(VolumeStatusInfo {
            status: Some(status(row).into()),
            details: Some(details(row).into_iter().map(detail).collect()),
        }),
        actions: Some(action(row).into_iter().collect()),
        events: Some(troubles(row).map(event).collect()),
        attachment_statuses: Some(row.attachments.iter().map(attached).collect()),
        initialization_status_details: initialization(row),
        ..Default::default()
    }
}

fn action(row: &Volume) -> Option<VolumeStatusAction> {
    troubles(row).next().map(|(_, kind)| VolumeStatusAction {
        code: Some(ENABLE_IO.into()),
        description: Some("Enable volume I/O".into()),
        event_type: Some(kind.into()),
        ..Default::default()
    })
}

fn texts(row: &Volume, name: &str) -> Vec<String> {
    match name {
        "action.code" if is_impaired(row) => vec![ENABLE_IO.to_owned()],
        "availability-zone" => vec![row.zone.clone()],
        "event.event-type" => troubles(row).map(|(_, kind)| kind.to_owned()).collect(),
        "volume-id" => vec![row.id.clone()],
        "volume-status.details-name" => details(row).iter().map(|d| d.0.to_owned()).collect(),
        "volume-status.details-status" => details(row).iter().map(|d| d.1.to_owned()).collect(),
        "volume-status.status" => vec![status(row).to_owned()],
        _ => vec![],
    }
}

#[cfg(test)]
#[path = "describe_volume_status_tests.rs"]
mod tests;
