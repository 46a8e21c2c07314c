//! Encryption by default and the default EBS key of an account in a Region. The only reader of these two settings: whatever makes a
//! volume or a snapshot asks here. They say how new things are made and touch nothing that exists.

use crate::rows::Settings;
use api::{Answer, Cx};

/// EC2's word for an account that blocks no sharing: what holds until it chooses.
const UNBLOCKED: &str = "unblocked";

/// What holds for the caller's account in the request's Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Encryption by default is on.
    pub by_default: bool,
    /// `alias/aws/ebs`, or the ARN of the key that the account chose. It applies whether encryption by default is on or off.
    pub default_key: String,
}

/// The settings that new volumes and snapshots are made by.
pub fn defaults(cx: &mut Cx) -> Answer<Defaults> {
    let row = row(cx)?;
    Ok(Defaults {
        by_default: row.encryption_by_default,
        default_key: rules::defaults::default_key(row.default_key.as_deref()).to_owned(),
    })
}

/// Changes the account's settings in this Region; what `change` leaves alone stays.
pub fn change(cx: &mut Cx, change: impl FnOnce(&mut Settings)) -> Answer<()> {
    let mut row = row(cx)?;
    change(&mut row);
    Ok(cx.tx.put(&row)?)
}

fn row(cx: &mut Cx) -> Answer<Settings> {
    let key = format!("{}/{}", cx.account(), cx.region());
    let found = cx.tx.get::<Settings>(&key)?;
    Ok(found.unwrap_or_else(|| Settings {
        account: cx.account().clone(),
        region: cx.region().clone(),
        encryption_by_default: false,
        default_key: None,
        block_public_access: UNBLOCKED.to_owned(),
    }))
}
