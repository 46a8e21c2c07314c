//! DescribeInstances: by ids, by filters, in pages; one reservation per launch. Terminated instances stay visible for an hour.
//! Needs `ec2:DescribeInstances`. Source: EC2 API Reference, DescribeInstances.

use crate::rows::{Instance, Volume};
use crate::{filters, find, paging, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use std::time::Duration;
use wire::generated::ec2::{
    DescribeInstances as Op, DescribeInstancesInput, DescribeInstancesOutput, Reservation,
};

const FILTERS: &[&str] = &[
    "architecture",
    "availability-zone",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.status",
    "block-device-mapping.volume-id",
    "hypervisor",
    "image-id",
    "instance-id",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "launch-index",
    "launch-time",
    "owner-id",
    "reservation-id",
    "root-device-name",
    "root-device-type",
    "state-reason-code",
    "state-reason-message",
    "virtualization-type",
];

/// How long a terminated instance is shown.
const SHOWN_AFTER_END: Duration = Duration::from_secs(3600);

pub struct DescribeInstances;

impl Action for DescribeInstances {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeInstances";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeInstancesInput) -> Result<(), Refusal> {
        for id in input.instance_ids.iter().flatten() {
            find::check_instance_id(id)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeInstancesInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeInstancesInput) -> Answer<DescribeInstancesOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let now = cx.now();
        let visible = |row: &Instance| row.ended.is_none_or(|e| now < e.plus(SHOWN_AFTER_END));
        let ids = input.instance_ids.as_deref().unwrap_or_default();
        let (rows, next_token) = if ids.is_empty() {
            // Filters on mappings need the volumes; all others are cheap.
            let needs_volumes = needs_volumes(&input);
            let page = asked(&input).page_by(cx, |cx, row: &Instance| {
                if !visible(row) {
                    return Ok(false);
                }
                let volumes = if needs_volumes { volumes(cx, row)? } else { Vec::new() };
                Ok(filters::pass(&wanted, &row.tags, |name| texts(row, &volumes, name)))
            })?;
            (page.rows, page.next_token)
        } else {
            let mut rows = Vec::new();
            for id in ids {
                let row = find::instance(cx, id)?;
                if !visible(&row) {
                    return Err(rules::lifecycle::instance::not_found(id).into());
                }
                rows.push(row);
            }
            (rows, None)
        };
        let mut reservations: Vec<Reservation> = Vec::new();
        for row in rows {
            let volumes = volumes(cx, &row)?;
            if filters::pass(&wanted, &row.tags, |name| texts(&row, &volumes, name)) {
                add(&mut reservations, &row, &volumes);
            }
        }
        Ok(DescribeInstancesOutput { reservations: Some(reservations), next_token })
    }
}

fn asked(input: &DescribeInstancesInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeInstances",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: input.instance_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
    }
}

fn needs_volumes(input: &DescribeInstancesInput) -> bool {
    let about_mappings = |f: &wire::generated::ec2::Filter| {
        f.name.as_deref().is_some_and(|n| n.starts_with("block-device-mapping."))
    };
    input.filters.iter().flatten().any(about_mappings)
}

/// The rows of an instance's volumes.
pub(crate) fn volumes(cx: &mut Cx, row: &Instance) -> Answer<Vec<Volume>> {
    let mut volumes = Vec::new();
    for id in &row.volumes {
        match find::volume(cx, id) {
            Ok(volume) => volumes.push(volume),
            // Its creation failed a moment ago; the launch is about to notice.
            Err(api::Failure::Refused(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(volumes)
}

/// Puts an instance into its launch's reservation.
fn add(reservations: &mut Vec<Reservation>, row: &Instance, volumes: &[Volume]) {
    let shown = shapes::instance(row, volumes);
    let known =
        reservations.iter_mut().find(|r| r.reservation_id.as_deref() == Some(row.reservation.as_str()));
    match known {
        Some(reservation) => reservation.instances.get_or_insert_default().push(shown),
        None => reservations.push(Reservation {
            reservation_id: Some(row.reservation.clone()),
            owner_id: Some(row.account.to_string()),
            groups: Some(Vec::new()),
            instances: Some(vec![shown]),
            ..Default::default()
        }),
    }
}

fn texts(row: &Instance, volumes: &[Volume], name: &str) -> Vec<String> {
    let attachments = || volumes.iter().filter_map(|v| v.attachment(&row.id));
    match name {
        "architecture" => vec!["x86_64".into()],
        "availability-zone" => vec![row.zone.clone()],
        "block-device-mapping.delete-on-termination" => {
            attachments().map(|a| a.delete_on_termination.to_string()).collect()
        }
        "block-device-mapping.device-name" => attachments().map(|a| a.device.clone()).collect(),
        "block-device-mapping.status" => attachments().map(|a| a.state.as_str().to_owned()).collect(),
        "block-device-mapping.volume-id" => row.volumes.clone(),
        "hypervisor" => vec!["xen".into()],
        "image-id" => vec![row.image.clone()],
        "instance-id" => vec![row.id.clone()],
        "instance-state-code" => vec![row.state.code().to_string()],
        "instance-state-name" => vec![row.state.as_str().to_owned()],
        "instance-type" => vec![row.instance_type.clone()],
        "launch-index" => vec![row.launch_index.to_string()],
        "launch-time" => vec![wire::time::iso_millis(row.launched)],
        "owner-id" => vec![row.account.to_string()],
        "reservation-id" => vec![row.reservation.clone()],
        "root-device-name" => vec!["/dev/xvda".into()],
        "root-device-type" => vec!["ebs".into()],
        "state-reason-code" => row.state_reason.iter().map(|r| r.code.clone()).collect(),
        "state-reason-message" => row.state_reason.iter().map(|r| r.message.clone()).collect(),
        "virtualization-type" => vec!["hvm".into()],
        _ => vec![],
    }
}

#[cfg(test)]
#[path = "describe_instances_tests.rs"]
mod tests;
