//! Lists of blocks in pages. A page's token says with which block the next page begins; block tokens of one page expire together.

use crate::tokens;
use api::{Answer, Cx};
use base::Timestamp;
use ec2::rows::Snapshot;
use snapshot::{Changed, SnapshotRef};

/// Blocks of a page when the request does not say: the most that it may say (model: 100 to 10,000).
const PAGE_MAX: usize = 10_000;

/// What a request says about its page.
pub struct Asked<'a> {
    pub next_token: Option<&'a str>,
    pub max_results: Option<i32>,
    pub starting_block_index: Option<i32>,
}

/// The page to read.
pub struct Page {
    /// Operation and snapshots; a token of another list opens nothing.
    list: String,
    pub from: u32,
    max: usize,
    pub expires: Timestamp,
}

impl Page {
    /// A page token wins over StartingBlockIndex, as the API's documentation says.
    pub fn new(cx: &Cx, operation: &str, of: &[&SnapshotRef], asked: &Asked) -> Answer<Page> {
        let names: Vec<String> = of.iter().map(|at| format!("{}/{}", at.snapshot, at.hash)).collect();
        let list = format!("{operation}/{}", names.join("/"));
        let from = match asked.next_token {
            Some(token) => tokens::page(cx, &list, token)?,
            None => asked.starting_block_index.map_or(0, i32::unsigned_abs),
        };
        let max = asked.max_results.and_then(|max| usize::try_from(max).ok()).unwrap_or(PAGE_MAX);
        Ok(Page { list, from, max: max.clamp(1, PAGE_MAX), expires: cx.now().plus(tokens::BLOCK_TOKEN_LIFE) })
    }

    /// How many blocks to read: one more than the page has, to know whether there is a next one.
    pub fn wanted(&self) -> usize {
        self.max + 1
    }

    /// Cuts what was read to the page; with the token of the next.
    pub fn cut(&self, cx: &Cx, found: &mut Vec<Changed>) -> Option<String> {
        let next = found.get(self.max).map(|changed| tokens::of_page(cx, &self.list, changed.index));
        found.truncate(self.max);
        next
    }
}

/// `VolumeSize` of a list's answer.
pub fn size_gib(snapshot: &Snapshot) -> Option<i64> {
    Some(i64::from(snapshot.size_gib))
}

/// `BlockSize`.
pub fn block_size() -> Option<i32> {
    i32::try_from(crate::BLOCK_BYTES).ok()
}

/// Block indices on the wire are signed; ours always fit.
pub fn wire_index(index: u32) -> Option<i32> {
    i32::try_from(index).ok()
}
