//! DescribeSnapshots: by ids, owners, who may restore, filters; in pages. Without any of them: everything that the caller may
//! restore from, that is its own snapshots, those shared with its account and the public ones.
//! Needs `ec2:DescribeSnapshots`. Source: EC2 API Reference, DescribeSnapshots.

use crate::rows::{EVERYBODY, Share, Snapshot};
use crate::{block_public_access, filters, find, paging, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::{AccountId, Refusal};
use rules::sharing::{self, Grantee};
use std::collections::BTreeMap;
use wire::generated::ec2::{
    DescribeSnapshots as Op, DescribeSnapshotsInput, DescribeSnapshotsOutput, Snapshot as Shape,
};

const FILTERS: &[&str] = &[
    "description",
    "encrypted",
    "owner-alias",
    "owner-id",
    "progress",
    "snapshot-id",
    "start-time",
    "status",
    "storage-tier",
    "transfer-type",
    "volume-id",
    "volume-size",
];

pub struct DescribeSnapshots;

impl Action for DescribeSnapshots {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeSnapshots";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeSnapshotsInput) -> Result<(), Refusal> {
        for id in input.snapshot_ids.iter().flatten() {
            find::check_described_snapshot_id(id)?;
        }
        for owner in input.owner_ids.iter().flatten() {
            owner_named(owner)?;
        }
        for user in input.restorable_by_user_ids.iter().flatten() {
            restorer_named(user)?;
        }
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeSnapshotsInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeSnapshotsInput) -> Answer<DescribeSnapshotsOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let viewer = cx.account().clone();
        let keep = |row: &Snapshot| {
            let shown = shapes::snapshot(row, &viewer);
            let tags: &[base::Tag] = if row.account == viewer { &row.tags } else { &[] };
            filters::pass(&wanted, tags, |name| texts(&shown, name))
        };
        let (rows, next_token) = described(cx, &input, keep)?;
        let snapshots = Some(rows.iter().map(|row| shapes::snapshot(row, &viewer)).collect());
        Ok(DescribeSnapshotsOutput { snapshots, next_token })
    }
}

/// An owner as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Myself,
    Account(AccountId),
    /// Amazon: it owns nothing here.
    Amazon,
}

fn malformed(id: &str) -> Refusal {
    Refusal::new("InvalidUserID.Malformed", format!("Invalid user id: \"{id}\""))
}

fn owner_named(text: &str) -> Result<Owner, Refusal> {
    match text {
        "self" => Ok(Owner::Myself),
        "amazon" | "aws-marketplace" => Ok(Owner::Amazon),
        id => AccountId::parse(id).map(Owner::Account).map_err(|_| malformed(id)),
    }
}

/// Who may restore, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Restorer {
    Myself,
    Everybody,
    Account(AccountId),
}

fn restorer_named(text: &str) -> Result<Restorer, Refusal> {
    match text {
        "self" => Ok(Restorer::Myself),
        EVERYBODY => Ok(Restorer::Everybody),
        id => AccountId::parse(id).map(Restorer::Account).map_err(|_| malformed(id)),
    }
}

fn asked(input: &DescribeSnapshotsInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeSnapshots",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: input.snapshot_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
    }
}

fn described(
    cx: &mut Cx,
    input: &DescribeSnapshotsInput,
    keep: impl Fn(&Snapshot) -> bool,
) -> Answer<(Vec<Snapshot>, Option<String>)> {
    let me = cx.account().clone();
    let owners = input.owner_ids.iter().flatten().map(|o| owner_named(o)).collect::<Result<Vec<_>, _>>()?;
    let restorers = input.restorable_by_user_ids.iter().flatten();
    let restorers = restorers.map(|r| restorer_named(r)).collect::<Result<Vec<_>, _>>()?;
    let is_mine = |o: &Owner| *o == Owner::Myself || *o == Owner::Account(me.clone());
    let of_owners = |row: &Snapshot| {
        let owns = |o: &Owner| (row.account == me && is_mine(o)) || *o == Owner::Account(row.account.clone());
        owners.is_empty() || owners.iter().any(owns)
    };
    let ids = input.snapshot_ids.as_deref().unwrap_or_default();
    if ids.is_empty() && !owners.is_empty() && owners.iter().all(is_mine) {
        // The usual question, "mine": a page is read, not everything.
        let page = asked(input).page_by(cx, |cx, row: &Snapshot| {
            Ok(keep(row) && (restorers.is_empty() || is_restorable(cx, row, &restorers)?))
        })?;
        return Ok((page.rows, page.next_token));
    }
    let mut rows = Vec::new();
    for row in if ids.is_empty() { readable(cx)? } else { named(cx, ids)? } {
        let fits = of_owners(&row) && keep(&row);
        if fits && (restorers.is_empty() || is_restorable(cx, &row, &restorers)?) {
            rows.push(row);
        }
    }
    asked(input).cut(cx, rows, |row| row.id.clone())
}

/// The named snapshots, each of which must be there for the caller, by id.
fn named(cx: &mut Cx, ids: &[String]) -> Answer<Vec<Snapshot>> {
    let mut rows = BTreeMap::new();
    for id in ids {
        rows.insert(id.clone(), find::snapshot_for(cx, id)?);
    }
    Ok(rows.into_values().collect())
}

/// Everything that the caller may restore from, by id.
fn readable(cx: &mut Cx) -> Answer<Vec<Snapshot>> {
    let (tenant, region) = (cx.tenant(), cx.region().clone());
    let own = cx.tx.scan::<Snapshot>(&tenant, None, usize::MAX)?;
    let mut rows: BTreeMap<String, Snapshot> = own.into_iter().map(|row| (row.id.clone(), row)).collect();
    for with in [cx.account().as_str().to_owned(), EVERYBODY.to_owned()] {
        for share in cx.tx.scan::<Share>(&format!("{region}/{with}/"), None, usize::MAX)? {
            if !rows.contains_key(&share.snapshot)
                && let Some(row) = find::snapshot_in(cx, &region, &share.snapshot)?
            {
                rows.insert(row.id.clone(), row);
            }
        }
    }
    Ok(rows.into_values().collect())
}

/// Whether one of these may restore from the snapshot, as far as it is the caller's business: of others' snapshots the caller sees
/// only its own permission and that they are public.
fn is_restorable(cx: &mut Cx, row: &Snapshot, by: &[Restorer]) -> Answer<bool> {
    let me = cx.account().clone();
    let shared_with = find::shared_with(cx, row)?;
    let block = block_public_access::state(cx, &row.account, &row.region)?;
    let explicitly = |id: &AccountId| shared_with.contains(&Grantee::Account(id.clone()));
    let may = |restorer: &Restorer| match restorer {
        Restorer::Everybody => sharing::is_public(&shared_with, block),
        Restorer::Myself => row.account == me || explicitly(&me),
        Restorer::Account(id) if *id == me => row.account == me || explicitly(&me),
        Restorer::Account(id) => row.account == me && explicitly(id),
    };
    Ok(by.iter().any(may))
}

/// What a snapshot shows for each filter name.
fn texts(shown: &Shape, name: &str) -> Vec<String> {
    let text = match name {
        "description" => shown.description.clone(),
        "encrypted" => shown.encrypted.map(|e| e.to_string()),
        "owner-alias" => shown.owner_alias.clone(),
        "owner-id" => shown.owner_id.clone(),
        "progress" => shown.progress.clone(),
        "snapshot-id" => shown.snapshot_id.clone(),
        "start-time" => shown.start_time.map(wire::time::iso_millis),
        "status" => shown.state.clone(),
        "storage-tier" => shown.storage_tier.clone(),
        "transfer-type" => shown.transfer_type.clone(),
        "volume-id" => shown.volume_id.clone(),
        "volume-size" => shown.volume_size.map(|s| s.to_string()),
        _ => None,
    };
    text.into_iter().collect()
}

#[cfg(test)]
#[path = "describe_snapshots_tests.rs"]
mod tests;
