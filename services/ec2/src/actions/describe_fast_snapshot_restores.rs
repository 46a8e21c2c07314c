//! DescribeFastSnapshotRestores: the caller's fast restores in this Region, by filters, in pages of at most 200. Those of snapshots that
//! are gone for the caller are not shown. Needs `ec2:DescribeFastSnapshotRestores`.
//! Source: EC2 API Reference, DescribeFastSnapshotRestores.

use crate::rows::FastRestore;
use crate::{fast_restores, filters, paging, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::ec2::{
    DescribeFastSnapshotRestores as Op, DescribeFastSnapshotRestoresInput, DescribeFastSnapshotRestoresOutput,
};

const FILTERS: &[&str] = &["availability-zone", "availability-zone-id", "owner-id", "snapshot-id", "state"];
const PAGE_MAX: i32 = 200;

pub struct DescribeFastSnapshotRestores;

impl Action for DescribeFastSnapshotRestores {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeFastSnapshotRestores";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeFastSnapshotRestoresInput) -> Result<(), Refusal> {
        filters::read(input.filters.as_ref(), FILTERS)?;
        match input.max_results {
            Some(max) if !(0..=PAGE_MAX).contains(&max) => Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "Value ( {max} ) for parameter maxResults is invalid. Expecting a value from 0 to {PAGE_MAX}."
                ),
            )),
            _ => Ok(()),
        }
    }

    fn touches(cx: &mut Cx, _input: &DescribeFastSnapshotRestoresInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        input: DescribeFastSnapshotRestoresInput,
    ) -> Answer<DescribeFastSnapshotRestoresOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let asked = paging::Asked {
            action: "DescribeFastSnapshotRestores",
            // 0 is what clients send for "as many as you like".
            max_results: input.max_results.filter(|max| *max > 0),
            next_token: input.next_token.as_deref(),
            has_ids: false,
        };
        let page = asked.page_by(cx, |cx, row: &FastRestore| {
            Ok(filters::pass(&wanted, &[], |name| texts(row, name)) && fast_restores::is_there(cx, row)?)
        })?;
        Ok(DescribeFastSnapshotRestoresOutput {
            fast_snapshot_restores: Some(page.rows.iter().map(fast_restores::shown).collect()),
            next_token: page.next_token,
        })
    }
}

/// What a fast restore shows for each filter name.
fn texts(row: &FastRestore, name: &str) -> Vec<String> {
    let shown = fast_restores::shown(row);
    let text = match name {
        "availability-zone" => shown.availability_zone,
        "availability-zone-id" => shown.availability_zone_id,
        "owner-id" => shown.owner_id,
        "snapshot-id" => shown.snapshot_id,
        "state" => shown.state,
        _ => None,
    };
    text.into_iter().collect()
}
