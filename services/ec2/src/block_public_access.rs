//! Snapshot block public access of an account in a Region. The only reader and writer of this setting.

use crate::defaults;
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

/// The caller chooses, for this Region. Answers with the choice in EC2's words.
pub fn choose(cx: &mut Cx, chosen: BlockPublicAccess) -> Answer<Option<String>> {
    defaults::change(cx, |settings| settings.block_public_access = chosen.as_str().to_owned())?;
    Ok(Some(chosen.as_str().to_owned()))
}
