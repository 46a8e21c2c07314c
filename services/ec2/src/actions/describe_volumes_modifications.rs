//! DescribeVolumesModifications: the newest modification of each volume, by ids, by filters, in pages. It stays after its end.
//! Needs `ec2:DescribeVolumesModifications`. Source: EC2 API Reference, DescribeVolumesModifications; the answer for a volume that
//! was never modified was recorded of AWS.

use crate::rows::Modification;
use crate::{filters, find, paging, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use rules::lifecycle::modification;
use wire::generated::ec2::{
    DescribeVolumesModifications as Op, DescribeVolumesModificationsInput, DescribeVolumesModificationsOutput,
};

const FILTERS: &[&str] = &[
    "modification-state",
    "original-iops",
    "original-size",
    "original-volume-type",
    "originalMultiAttachEnabled",
    "start-time",
    "target-iops",
    "target-size",
    "target-volume-type",
    "targetMultiAttachEnabled",
    "volume-id",
];

pub struct DescribeVolumesModifications;

impl Action for DescribeVolumesModifications {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeVolumesModifications";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeVolumesModificationsInput) -> Result<(), Refusal> {
        for id in input.volume_ids.iter().flatten() {
            find::check_described_volume_id(id)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeVolumesModificationsInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        input: DescribeVolumesModificationsInput,
    ) -> Answer<DescribeVolumesModificationsOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let keep = |row: &Modification| filters::pass(&wanted, &[], |name| texts(row, name));
        let ids = input.volume_ids.as_deref().unwrap_or_default();
        let page = if ids.is_empty() {
            asked(&input).page_by(cx, |cx, row: &Modification| Ok(is_newest(cx, row)? && keep(row)))?
        } else {
            let mut rows = named(cx, ids)?;
            rows.retain(keep);
            paging::Page { rows, next_token: None }
        };
        Ok(DescribeVolumesModificationsOutput {
            volumes_modifications: Some(page.rows.iter().map(shapes::modification).collect()),
            next_token: page.next_token,
        })
    }
}

/// The newest modification of each named volume, each of which must exist and have one.
fn named(cx: &mut Cx, ids: &[String]) -> Answer<Vec<Modification>> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    let mut rows = Vec::new();
    for id in ids {
        find::volume(cx, &id)?;
        let newest = find::modifications(cx, &id)?.pop().ok_or_else(|| modification::not_found(&id))?;
        rows.push(newest);
    }
    Ok(rows)
}

fn is_newest(cx: &mut Cx, row: &Modification) -> Answer<bool> {
    let of_volume = format!("{}{}/", cx.tenant(), row.volume);
    Ok(cx.tx.scan::<Modification>(&of_volume, Some(&row.key()), 1)?.is_empty())
}

fn asked(input: &DescribeVolumesModificationsInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeVolumesModifications",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: input.volume_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
    }
}

/// What a modification shows for each filter name.
fn texts(row: &Modification, name: &str) -> Vec<String> {
    let number = |n: Option<i32>| n.iter().map(ToString::to_string).collect();
    match name {
        "modification-state" => vec![row.state.as_str().to_owned()],
        "original-iops" => number(row.before.iops),
        "original-size" => vec![row.before.size_gib.to_string()],
        "original-volume-type" => vec![row.before.volume_type.clone()],
        "originalMultiAttachEnabled" => vec![row.before.multi_attach.to_string()],
        "start-time" => vec![wire::time::iso_millis(row.started)],
        "target-iops" => number(row.after.iops),
        "target-size" => vec![row.after.size_gib.to_string()],
        "target-volume-type" => vec![row.after.volume_type.clone()],
        "targetMultiAttachEnabled" => vec![row.after.multi_attach.to_string()],
        "volume-id" => vec![row.volume.clone()],
        _ => vec![],
    }
}

#[cfg(test)]
#[path = "describe_volumes_modifications_tests.rs"]
mod tests;
