//! ListChangedBlocks: the blocks in which two snapshots of one lineage differ, with a token in each snapshot that holds the block.
//! Without a first snapshot: every block that the second holds.
//!
//! Related are snapshots of one volume, snapshots that share a data key or a parent, and copies with what they were copied from. If
//! the two have different data keys (one is a copy under another key), their ciphertext cannot be compared: every block that either
//! holds is then listed. That is more than changed, never less.
//!
//! Source: EBS direct API Reference, ListChangedBlocks.

use crate::listing::{self, Asked, Page};
use crate::{find, keys, reading, refusals, tokens, touched};
use api::{After, Answer, Cx, DataAction, Touched};
use base::Refusal;
use ec2::rows::Snapshot;
use host::KeyUse;
use snapshot::{Changed, SnapshotRef};
use wire::generated::ebs::{
    ChangedBlock, ListChangedBlocks as Op, ListChangedBlocksInput, ListChangedBlocksOutput,
};

pub struct ListChangedBlocks;

pub struct Plan {
    first: Option<SnapshotRef>,
    second: SnapshotRef,
    snapshot: Snapshot,
    keys: Vec<KeyUse>,
    page: Page,
}

impl DataAction for ListChangedBlocks {
    type Op = Op;
    type Plan = Plan;
    const IAM: &'static str = "ebs:ListChangedBlocks";
    const KEYS: &'static [&'static str] = touched::EXISTING;
    const READ_ONLY: bool = true;

    fn check(input: &ListChangedBlocksInput) -> Result<(), Refusal> {
        first(input).map_or(Ok(()), find::check_id)?;
        find::check_id(&input.second_snapshot_id)
    }

    fn touches(cx: &mut Cx, input: &ListChangedBlocksInput) -> Answer<Vec<Touched>> {
        let ids = first(input).into_iter().chain([input.second_snapshot_id.as_str()]);
        ids.map(|id| touched::existing(cx, id)).collect()
    }

    fn plan(cx: &mut Cx, input: &ListChangedBlocksInput) -> Answer<Plan> {
        let (snapshot, second) = find::readable(cx, &input.second_snapshot_id)?;
        let mut uses: Vec<KeyUse> = keys::use_of(cx, &snapshot)?.into_iter().collect();
        let mut of = vec![&second];
        let one = first(input).map(|id| find::readable(cx, id)).transpose()?;
        if let Some((earlier, at)) = &one {
            if !related(earlier, &snapshot) {
                return Err(unrelated(earlier, &snapshot).into());
            }
            uses.extend(keys::use_of(cx, earlier)?);
            of.push(at);
        }
        let asked = Asked {
            next_token: input.next_token.as_deref(),
            max_results: input.max_results,
            starting_block_index: input.starting_block_index,
        };
        let page = Page::new(cx, "ListChangedBlocks", &of, &asked)?;
        Ok(Plan { first: one.map(|(_, at)| at), second, snapshot, keys: uses, page })
    }

    fn carry_out(
        after: &After,
        plan: Plan,
        _input: ListChangedBlocksInput,
    ) -> Answer<ListChangedBlocksOutput> {
        let Plan { first, second, snapshot, keys, page } = plan;
        let mut found = reading::changed(after, &keys, first.as_ref(), &second, &page)?;
        after.transact(|cx| {
            let next_token = page.cut(cx, &mut found);
            let token = |at: Option<&SnapshotRef>, held: bool, index| {
                at.filter(|_| held).map(|at| tokens::of_block(cx, at, index, page.expires))
            };
            let block = |changed: &Changed| ChangedBlock {
                block_index: listing::wire_index(changed.index),
                first_block_token: token(first.as_ref(), changed.first, changed.index),
                second_block_token: token(Some(&second), changed.second, changed.index),
            };
            Ok(ListChangedBlocksOutput {
                changed_blocks: Some(found.iter().map(block).collect()),
                expiry_time: Some(page.expires),
                volume_size: listing::size_gib(&snapshot),
                block_size: listing::block_size(),
                next_token,
            })
        })
    }
}

fn first(input: &ListChangedBlocksInput) -> Option<&str> {
    input.first_snapshot_id.as_deref()
}

/// Whether comparing makes sense.
fn related(first: &Snapshot, second: &Snapshot) -> bool {
    let one_volume =
        first.volume == second.volume && first.account == second.account && first.volume != find::NO_VOLUME;
    let lineages = |s: &Snapshot| {
        let source = s.copied().map(|copied| copied.source_lineage.clone()).filter(|l| !l.is_empty());
        [Some(s.lineage.clone()), source]
    };
    let of_second = lineages(second);
    let one_descent = !first.descent.is_empty() && first.descent == second.descent;
    one_volume
        || one_descent
        || lineages(first).iter().flatten().any(|l| of_second.iter().flatten().any(|o| o == l))
}

fn unrelated(first: &Snapshot, second: &Snapshot) -> Refusal {
    refusals::invalid(
        "UNRELATED_SNAPSHOTS",
        format!("The snapshots '{}' and '{}' are not of one lineage.", first.id, second.id),
    )
    .because("they are of different volumes, share no parent, and neither is a copy of the other's lineage")
}

#[cfg(test)]
#[path = "list_changed_blocks_tests.rs"]
mod tests;
