//! DescribeLockedSnapshots: the caller's snapshots that are or were locked, by ids, by the state of the lock, in pages. Needs
//! `ec2:DescribeLockedSnapshots`. Source: EC2 API Reference, DescribeLockedSnapshots.

use crate::rows::Snapshot;
use crate::{filters, find, locks, paging, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use std::collections::BTreeMap;
use wire::generated::ec2::{
    DescribeLockedSnapshots as Op, DescribeLockedSnapshotsInput, DescribeLockedSnapshotsOutput,
};

const FILTERS: &[&str] = &["lock-state"];

pub struct DescribeLockedSnapshots;

impl Action for DescribeLockedSnapshots {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeLockedSnapshots";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeLockedSnapshotsInput) -> Result<(), Refusal> {
        for id in input.snapshot_ids.iter().flatten() {
            find::check_described_snapshot_id(id)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeLockedSnapshotsInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeLockedSnapshotsInput) -> Answer<DescribeLockedSnapshotsOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let now = cx.now();
        let keep = |row: &Snapshot| {
            let state = row.lock.as_ref().map(|lock| lock.state(now).as_str().to_owned());
            state.is_some_and(|state| filters::pass(&wanted, &[], |_| vec![state.clone()]))
        };
        let ids = input.snapshot_ids.as_deref().unwrap_or_default();
        let page = if ids.is_empty() {
            asked(&input).page(cx, keep)?
        } else {
            let mut rows = BTreeMap::new();
            for id in ids {
                rows.insert(id.clone(), find::snapshot(cx, id)?);
            }
            paging::Page { rows: rows.into_values().filter(keep).collect(), next_token: None }
        };
        Ok(DescribeLockedSnapshotsOutput {
            snapshots: Some(page.rows.iter().filter_map(|row| locks::shown(row, now)).collect()),
            next_token: page.next_token,
        })
    }
}

fn asked(input: &DescribeLockedSnapshotsInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeLockedSnapshots",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: input.snapshot_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
    }
}
