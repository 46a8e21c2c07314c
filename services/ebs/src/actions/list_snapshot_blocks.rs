//! ListSnapshotBlocks: the blocks that a snapshot holds, its own and those that it shares with earlier ones, with a token for each.
//! Blocks never written are not listed.
//!
//! The snapshot is completed, and the caller's or shared with it; of an encrypted one the caller must be allowed to decrypt with its
//! key. Source: EBS direct API Reference, ListSnapshotBlocks.

use crate::listing::{self, Asked, Page};
use crate::{find, keys, reading, tokens, touched};
use api::{After, Answer, Cx, DataAction, Touched};
use base::Refusal;
use ec2::rows::Snapshot;
use host::KeyUse;
use snapshot::SnapshotRef;
use wire::generated::ebs::{
    Block, ListSnapshotBlocks as Op, ListSnapshotBlocksInput, ListSnapshotBlocksOutput,
};

pub struct ListSnapshotBlocks;

pub struct Plan {
    snapshot: Snapshot,
    at: SnapshotRef,
    key: Option<KeyUse>,
    page: Page,
}

impl DataAction for ListSnapshotBlocks {
    type Op = Op;
    type Plan = Plan;
    const IAM: &'static str = "ebs:ListSnapshotBlocks";
    const KEYS: &'static [&'static str] = touched::EXISTING;
    const READ_ONLY: bool = true;

    fn check(input: &ListSnapshotBlocksInput) -> Result<(), Refusal> {
        find::check_id(&input.snapshot_id)
    }

    fn touches(cx: &mut Cx, input: &ListSnapshotBlocksInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::existing(cx, &input.snapshot_id)?])
    }

    fn plan(cx: &mut Cx, input: &ListSnapshotBlocksInput) -> Answer<Plan> {
        let (snapshot, at) = find::readable(cx, &input.snapshot_id)?;
        let key = keys::use_of(cx, &snapshot)?;
        let asked = Asked {
            next_token: input.next_token.as_deref(),
            max_results: input.max_results,
            starting_block_index: input.starting_block_index,
        };
        let page = Page::new(cx, "ListSnapshotBlocks", &[&at], &asked)?;
        Ok(Plan { snapshot, at, key, page })
    }

    fn carry_out(
        after: &After,
        plan: Plan,
        _input: ListSnapshotBlocksInput,
    ) -> Answer<ListSnapshotBlocksOutput> {
        let Plan { snapshot, at, key, page } = plan;
        let mut found = reading::changed(after, key.as_slice(), None, &at, &page)?;
        after.transact(|cx| {
            let next_token = page.cut(cx, &mut found);
            let block = |index| Block {
                block_index: listing::wire_index(index),
                block_token: Some(tokens::of_block(cx, &at, index, page.expires)),
            };
            Ok(ListSnapshotBlocksOutput {
                blocks: Some(found.iter().map(|changed| block(changed.index)).collect()),
                expiry_time: Some(page.expires),
                volume_size: listing::size_gib(&snapshot),
                block_size: listing::block_size(),
                next_token,
            })
        })
    }
}

#[cfg(test)]
#[path = "list_snapshot_blocks_tests.rs"]
mod tests;
