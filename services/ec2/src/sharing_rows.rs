//! Whom a snapshot is shared with, as rows: one for each account and one for everybody, so that each side finds the snapshot.

use crate::rows::{EVERYBODY, Share, Snapshot};
use crate::{events, find};
use api::{Answer, Cx};
use catalog::Row;
use rules::sharing::{Change, Grantee};

/// Makes the change, and tells the accounts that get the snapshot by it.
pub fn apply(cx: &mut Cx, mut row: Snapshot, change: &Change) -> Answer<()> {
    let before = find::shared_with(cx, &row)?;
    let after = change.applied_to(&before);
    for gone in before.difference(&after) {
        cx.tx.delete::<Share>(&share(&row, gone).key())?;
    }
    for new in after.difference(&before) {
        cx.tx.put(&share(&row, new))?;
    }
    for account in change.newly_shared(&before) {
        let event = events::snapshot_shared(cx, &row, &account);
        cx.publish(&event)?;
    }
    row.public = after.contains(&Grantee::Everyone);
    Ok(cx.tx.put(&row)?)
}

fn share(row: &Snapshot, with: &Grantee) -> Share {
    let with = match with {
        Grantee::Everyone => EVERYBODY.to_owned(),
        Grantee::Account(id) => id.to_string(),
    };
    Share { region: row.region.clone(), with, snapshot: row.id.clone(), owner: row.account.clone() }
}
