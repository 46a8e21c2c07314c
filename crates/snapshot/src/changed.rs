//! What differs between two stored snapshots. Equal pages cost nothing, so the answer takes time by what changed, not by size.

use crate::manifest::PageRef;
use crate::page::{CHUNKS_PER_PAGE, Entry};
use crate::{Chunk, ChunkSource, Reader, SnapshotError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A chunk that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    pub index: u32,
    /// Whether the first snapshot holds it.
    pub first: bool,
    /// Whether the second snapshot holds it.
    pub second: bool,
}

/// Chunks that differ between two snapshots, ascending, from index `from` on, at most `max`; fewer only at the end. Without a
/// first snapshot: what the second holds.
///
/// Two snapshots of one lineage are compared by their ciphertext, which is exact. Of two lineages everything that either holds is
/// said to differ when one is encrypted: their ciphertext tells nothing of equality (and could be made equal by who writes the
/// plain one).
pub fn changed(
    first: Option<&Reader>,
    second: &Reader,
    from: u32,
    max: usize,
) -> Result<Vec<Changed>, SnapshotError> {
    let comparable = first.is_some_and(|first| comparable(first, second));
    let mut found = Vec::new();
    let mut number = from / CHUNKS_PER_PAGE;
    while found.len() < max {
        let next = [first.and_then(|r| page_from(r, number)), page_from(second, number)];
        let Some(least) = next.iter().flatten().map(|page| page.number).min() else { break };
        let [one, two] = next.map(|page| page.filter(|page| page.number == least));
        let equal = matches!((&one, &two), (Some(one), Some(two)) if one.hash == two.hash);
        if !(comparable && equal) {
            let one = entries(first, one)?;
            let two = entries(Some(second), two)?;
            differences(&one, &two, comparable, &mut found);
            // The first page may begin before `from`.
            found.retain(|changed| changed.index >= from);
            found.truncate(max);
        }
        number = least + 1;
    }
    Ok(found)
}

/// Whether equal ciphertext means equal content and unequal ciphertext unequal content.
fn comparable(first: &Reader, second: &Reader) -> bool {
    let (first, second) = (first.head(), second.head());
    let plain = first.encryption.is_none() && second.encryption.is_none();
    plain || (first.lineage == second.lineage && first.encryption.is_some() == second.encryption.is_some())
}

/// The first page of this number or a higher one.
fn page_from(reader: &Reader, number: u32) -> Option<PageRef> {
    let (Ok(n) | Err(n)) = reader.manifest().find(number);
    reader.manifest().page_at(n)
}

fn entries(reader: Option<&Reader>, page: Option<PageRef>) -> Result<BTreeMap<u32, Entry>, SnapshotError> {
    match (reader, page) {
        (Some(reader), Some(page)) => Ok(reader.page(&page)?.entries().collect()),
        _ => Ok(BTreeMap::new()),
    }
}

fn differences(
    first: &BTreeMap<u32, Entry>,
    second: &BTreeMap<u32, Entry>,
    comparable: bool,
    found: &mut Vec<Changed>,
) {
    let mut all: Vec<u32> = first.keys().chain(second.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    for index in all {
        let (one, two) = (first.get(&index), second.get(&index));
        let equal = matches!((one, two), (Some(one), Some(two)) if one.hash == two.hash);
        if !(comparable && equal) {
            found.push(Changed { index, first: one.is_some(), second: two.is_some() });
        }
    }
}

/// The chunks of `second` that differ from `first`: a source for storing a copy of `second` over a copy of `first`. A chunk that
/// `second` no longer holds is listed and holds nothing, which removes it.
pub struct Changes {
    first: Arc<Reader>,
    second: Arc<Reader>,
}

impl Changes {
    pub fn new(first: Arc<Reader>, second: Arc<Reader>) -> Changes {
        Changes { first, second }
    }
}

impl ChunkSource for Changes {
    fn size_bytes(&self) -> u64 {
        self.second.size_bytes()
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        let changed = changed(Some(&self.first), &self.second, from, max)?;
        Ok(changed.into_iter().map(|changed| changed.index).collect())
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        self.second.chunk(index)
    }
}
