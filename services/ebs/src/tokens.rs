//! Tokens that this API hands out: for one block (GetSnapshotBlock takes nothing else as proof that a block may be read), and for the
//! next page of a list. Both are pagination tokens of the house (`wire::token`: an HMAC over scope and cursor under the server's key)
//! in the alphabet that this API's model demands: `+` and `/` where others have `-` and `_`.
//!
//! ```text
//!  token   scope (stated by whoever opens it, not in the token)                                    cursor
//!  block   account/Region/GetSnapshotBlock/<snapshot>/<hash of its manifest>/<index, 8 hex>        expiry, 16 hex
//!  page    account/Region/<operation>/<snapshots and manifests>                                    next index, 8 hex
//! ```
//! The manifest's hash covers the hash of every block, so a token is bound to the very bytes that were listed. About 70 characters;
//! the model allows 256.

use crate::refusals;
use api::{Answer, Cx};
use base::Timestamp;
use snapshot::SnapshotRef;
use std::time::Duration;

/// How long block tokens are good. AWS: "7 days" (EBS User Guide, "Read snapshots with EBS direct APIs").
pub const BLOCK_TOKEN_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

fn block_scope(at: &SnapshotRef, index: u32) -> String {
    format!("GetSnapshotBlock/{}/{}/{index:08x}", at.snapshot, at.hash)
}

/// A token for one block of a stored snapshot, good for this account until `expires`.
pub fn of_block(cx: &Cx, at: &SnapshotRef, index: u32, expires: Timestamp) -> String {
    let cursor = format!("{:016x}", expires.millis());
    standard(&cx.page_token(&block_scope(at, index), &cursor))
}

/// Refuses what is not a token for this block, or not any more.
pub fn check_block(cx: &Cx, at: &SnapshotRef, index: u32, token: &str) -> Answer<()> {
    let scope = block_scope(at, index);
    let expires = expiry(token, |token| cx.page_cursor(&scope, token));
    match expires {
        None => Err(refusals::no_block_token(
            "the token was not given by this server to this account for this block of this snapshot",
        )
        .into()),
        Some(expires) if expires < cx.now() => {
            Err(refusals::no_block_token("the token has expired; list the blocks again").into())
        }
        Some(_) => Ok(()),
    }
}

/// The expiry that a block token carries. `open` verifies the token in the house's alphabet and gives its cursor. `None` for anything
/// that is no block token.
pub fn expiry(token: &str, open: impl FnOnce(&str) -> Option<String>) -> Option<Timestamp> {
    let cursor = open(&house(token)?)?;
    i64::from_str_radix(&cursor, 16).ok().map(Timestamp::from_millis)
}

/// A token for the page of `list` that begins with the block `next`.
pub fn of_page(cx: &Cx, list: &str, next: u32) -> String {
    standard(&cx.page_token(list, &format!("{next:08x}")))
}

/// The block with which the page of this token begins.
pub fn page(cx: &Cx, list: &str, token: &str) -> Answer<u32> {
    let cursor = house(token).and_then(|token| cx.page_cursor(list, &token));
    let next = cursor.and_then(|cursor| u32::from_str_radix(&cursor, 16).ok());
    Ok(next.ok_or_else(refusals::no_page_token)?)
}

fn standard(token: &str) -> String {
    token
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect()
}

/// Back to the house's alphabet. A token has one spelling: what is written in that alphabet already is refused.
fn house(token: &str) -> Option<String> {
    let turned = |c| match c {
        '-' | '_' => None,
        '+' => Some('-'),
        '/' => Some('_'),
        c => Some(c),
    };
    token.chars().map(turned).collect()
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
