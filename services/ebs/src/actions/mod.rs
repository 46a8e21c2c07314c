//! One file per action.

mod complete_snapshot;
mod get_snapshot_block;
mod list_changed_blocks;
mod list_snapshot_blocks;
mod put_snapshot_block;
mod start_snapshot;

use api::{Entry, data_entry, entry};

/// Every action of this service. Those that move blocks, or read very many rows, do so outside of the transaction.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<start_snapshot::StartSnapshot>(),
        data_entry::<put_snapshot_block::PutSnapshotBlock>(),
        data_entry::<complete_snapshot::CompleteSnapshot>(),
        data_entry::<list_snapshot_blocks::ListSnapshotBlocks>(),
        data_entry::<list_changed_blocks::ListChangedBlocks>(),
        data_entry::<get_snapshot_block::GetSnapshotBlock>(),
    ]
}
