//! DescribeVolumeStatus: does I/O work? A volume whose host could not open it again after a restart, because its key cannot
//! be used, is `impaired`; every other one is `ok`. Needs `ec2:DescribeVolumeStatus`.
//! Source: EC2 API Reference, DescribeVolumeStatus.

use super::describe_volumes::described;
use crate::rows::Volume;
use crate::{filters, find, paging, shapes};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::lifecycle::volume::VolumeState;
use wire::generated::ec2::{
    DescribeVolumeStatus as Op, DescribeVolumeStatusInput, DescribeVolumeStatusOutput, VolumeStatusAction,
    VolumeStatusAttachmentStatus, VolumeStatusDetails, VolumeStatusEvent, VolumeStatusInfo, VolumeStatusItem,
};

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

    fn check(input: &DescribeVolumeStatusInput) -> Result<(), Refusal> {
        for id in input.volume_ids.iter().flatten() {
            find::check_described_volume_id(id)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
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

fn broken(row: &Volume) -> Option<&str> {
    row.attachments.iter().find_map(|a| a.broken.as_deref())
}

fn status(row: &Volume) -> &'static str {
    match (row.state, broken(row)) {
        (VolumeState::Creating, _) => "insufficient-data",
        (_, Some(_)) => "impaired",
        (_, None) => "ok",
    }
}

/// `io-enabled` and `io-performance`, the latter only meaningful for provisioned IOPS.
fn details(row: &Volume) -> [(&'static str, &'static str); 2] {
    let enabled = if broken(row).is_some() { "failed" } else { "passed" };
    let performance = match row.volume_type.as_str() {
        "io1" | "io2" | "gp3" if broken(row).is_some() => "stalled",
        "io1" | "io2" | "gp3" => "normal",
        _ => "not-applicable",
    };
    [("io-enabled", enabled), ("io-performance", performance)]
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
    let event = |why: &str| VolumeStatusEvent {
        description: Some(why.to_owned()),
        event_type: Some("io-enabled:failed".into()),
        ..Default::default()
    };
    let no_action: Vec<VolumeStatusAction> = Vec::new();
    VolumeStatusItem {
        volume_id: Some(row.id.clone()),
        availability_zone: Some(row.zone.clone()),
        availability_zone_id: shapes::zone_id(row),
        volume_status: Some(VolumeStatusInfo {
            status: Some(status(row).into()),
            details: Some(details(row).into_iter().map(detail).collect()),
        }),
        actions: Some(no_action),
        events: Some(broken(row).map(event).into_iter().collect()),
        attachment_statuses: Some(row.attachments.iter().map(attached).collect()),
        ..Default::default()
    }
}

fn texts(row: &Volume, name: &str) -> Vec<String> {
    match name {
        "availability-zone" => vec![row.zone.clone()],
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
