//! DescribeVolumes: by ids, by filters, in pages. Needs `ec2:DescribeVolumes`.
//! Source: EC2 API Reference, DescribeVolumes (filter names; there is none for the KMS key).

use crate::rows::Volume;
use crate::{filters, find, paging, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::ec2::{DescribeVolumes as Op, DescribeVolumesInput, DescribeVolumesOutput};

const FILTERS: &[&str] = &[
    "attachment.attach-time",
    "attachment.delete-on-termination",
    "attachment.device",
    "attachment.instance-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "create-time",
    "encrypted",
    "fast-restored",
    "multi-attach-enabled",
    "operator.managed",
    "operator.principal",
    "size",
    "snapshot-id",
    "status",
    "volume-id",
    "volume-type",
];

pub struct DescribeVolumes;

impl Action for DescribeVolumes {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeVolumes";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeVolumesInput) -> Result<(), Refusal> {
        for id in input.volume_ids.iter().flatten() {
            find::check_described_volume_id(id)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeVolumesInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeVolumesInput) -> Answer<DescribeVolumesOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let keep = |row: &Volume| filters::pass(&wanted, &row.tags, |name| texts(row, name));
        let page = described(cx, input.volume_ids.as_deref(), &asked(&input), keep)?;
        Ok(DescribeVolumesOutput {
            volumes: Some(page.rows.iter().map(shapes::volume).collect()),
            next_token: page.next_token,
        })
    }
}

/// The volumes that a Describe action means: the named ones, each of which must exist, or a page of all; of these, those to keep.
pub(crate) fn described(
    cx: &mut Cx,
    ids: Option<&[String]>,
    asked: &paging::Asked<'_>,
    keep: impl Fn(&Volume) -> bool,
) -> Answer<paging::Page<Volume>> {
    let ids = ids.unwrap_or_default();
    if ids.is_empty() {
        return asked.page(cx, keep);
    }
    let mut rows = Vec::new();
    for id in ids {
        rows.push(find::volume(cx, id)?);
    }
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows.dedup_by(|a, b| a.id == b.id);
    rows.retain(keep);
    Ok(paging::Page { rows, next_token: None })
}

fn asked(input: &DescribeVolumesInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeVolumes",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: input.volume_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
    }
}

/// What a volume shows for each filter name.
fn texts(row: &Volume, name: &str) -> Vec<String> {
    let of_each = |f: fn(&crate::rows::Attachment) -> String| row.attachments.iter().map(f).collect();
    match name {
        "attachment.attach-time" => of_each(|a| wire::time::iso_millis(a.attached)),
        "attachment.delete-on-termination" => of_each(|a| a.delete_on_termination.to_string()),
        "attachment.device" => of_each(|a| a.device.clone()),
        "attachment.instance-id" => of_each(|a| a.instance.clone()),
        "attachment.status" => of_each(|a| a.state.as_str().to_owned()),
        "availability-zone" => vec![row.zone.clone()],
        "availability-zone-id" => shapes::zone_id(row).into_iter().collect(),
        "create-time" => vec![wire::time::iso_millis(row.created)],
        "encrypted" => vec![row.encryption.is_some().to_string()],
        "fast-restored" => vec![row.source.as_ref().is_some_and(|s| s.fast).to_string()],
        "operator.managed" => vec!["false".into()],
        "multi-attach-enabled" => vec![row.multi_attach.to_string()],
        "size" => vec![row.size_gib.to_string()],
        "snapshot-id" => vec![row.source.as_ref().map_or_else(String::new, |s| s.snapshot.clone())],
        "status" => vec![row.state.as_str().to_owned()],
        "volume-id" => vec![row.id.clone()],
        "volume-type" => vec![row.volume_type.clone()],
        _ => vec![],
    }
}

#[cfg(test)]
#[path = "describe_volumes_tests.rs"]
mod tests;
