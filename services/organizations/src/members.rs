//! Lists of what is in an organization.

use api::identity::{Account, ControlPolicy, Node, Organization};
use api::{Answer, Cx};
use catalog::Row;

/// Rows read at a time.
const BATCH: usize = 500;

/// Every row with this index value.
pub fn every<R: Row>(cx: &mut Cx, index: &str, value: &str) -> Answer<Vec<R>> {
    let mut all: Vec<R> = Vec::new();
    loop {
        let after = all.last().map(Row::key);
        let batch = cx.tx.scan_index::<R>(index, value, after.as_deref(), BATCH)?;
        let more = batch.len() == BATCH;
        all.extend(batch);
        if !more {
            return Ok(all);
        }
    }
}

pub fn nodes(cx: &mut Cx, organization: &Organization) -> Answer<Vec<Node>> {
    every(cx, "organization", &organization.id)
}

pub fn accounts(cx: &mut Cx, organization: &Organization) -> Answer<Vec<Account>> {
    every(cx, "organization", &organization.id)
}

pub fn policies(cx: &mut Cx, organization: &Organization) -> Answer<Vec<ControlPolicy>> {
    every(cx, "organization", &organization.id)
}

/// OUs directly below.
pub fn units_below(cx: &mut Cx, parent: &str) -> Answer<Vec<Node>> {
    every(cx, "parent", parent)
}

/// Accounts directly below.
pub fn accounts_below(cx: &mut Cx, parent: &str) -> Answer<Vec<Account>> {
    every(cx, "parent", parent)
}
