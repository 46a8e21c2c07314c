//! Snapshot block public access of an account in a Region. The only reader of this setting.

use crate::rows::Settings;
use api::{Answer, Cx};
use base::{AccountId, Region};
use rules::sharing::BlockPublicAccess;

/// What an account chose; it holds for the account's snapshots, whoever looks at them.
pub fn state(cx: &mut Cx, account: &AccountId, region: &Region) -> Answer<BlockPublicAccess> {
    let row = cx.tx.get::<Settings>(&format!("{account}/{region}"))?;
    let chosen = row.map_or(String::new(), |r| r.block_public_access);
    Ok(BlockPublicAccess::parse_blocking(&chosen).unwrap_or_default())
}
