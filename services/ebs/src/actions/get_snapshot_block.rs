//! GetSnapshotBlock: one block of a snapshot, decrypted, for a token from a list. The answer carries length and SHA-256 of the
//! plaintext, which clients verify.
//!
//! The snapshot is completed, and the caller's or shared with it; of an encrypted one the caller must be allowed to decrypt with its
//! key. A token proves that the block was listed, not that the key may still be used: that is asked again for every block. Source: EBS
//! direct API Reference, GetSnapshotBlock.

use crate::{find, keys, tokens, touched};
use api::{After, Answer, Cx, DataAction, Touched};
use aws_lc_rs::digest::{SHA256, digest};
use base::{Fault, Refusal};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use host::{KeyUse, StorageHandle};
use snapshot::SnapshotRef;
use wire::Payload;
use wire::generated::ebs::{GetSnapshotBlock as Op, GetSnapshotBlockInput, GetSnapshotBlockOutput};

pub struct GetSnapshotBlock;

pub struct Plan {
    at: SnapshotRef,
    index: u32,
    key: Option<KeyUse>,
}

impl DataAction for GetSnapshotBlock {
    type Op = Op;
    type Plan = Plan;
    const IAM: &'static str = "ebs:GetSnapshotBlock";
    const KEYS: &'static [&'static str] = touched::EXISTING;
    const READ_ONLY: bool = true;

    fn check(input: &GetSnapshotBlockInput) -> Result<(), Refusal> {
        find::check_id(&input.snapshot_id)
    }

    fn touches(cx: &mut Cx, input: &GetSnapshotBlockInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::existing(cx, &input.snapshot_id)?])
    }

    fn plan(cx: &mut Cx, input: &GetSnapshotBlockInput) -> Answer<Plan> {
        let (snapshot, at) = find::readable(cx, &input.snapshot_id)?;
        let index = input.block_index.unsigned_abs();
        tokens::check_block(cx, &at, index, &input.block_token)?;
        Ok(Plan { at, index, key: keys::use_of(cx, &snapshot)? })
    }

    fn carry_out(after: &After, plan: Plan, _input: GetSnapshotBlockInput) -> Answer<GetSnapshotBlockOutput> {
        let storage = &after.dependency::<StorageHandle>()?.0;
        let block = keys::told(storage.get_block(&plan.at, plan.index, plan.key.as_ref()))?;
        // The token is bound to the manifest, which said that it holds the block.
        let lost =
            || Fault::new(format!("block {} of {} was listed and is not held", plan.index, plan.at.snapshot));
        let bytes = block.ok_or_else(lost)?.bytes;
        Ok(GetSnapshotBlockOutput {
            data_length: i32::try_from(bytes.len()).ok(),
            checksum: Some(BASE64_STANDARD.encode(digest(&SHA256, &bytes))),
            checksum_algorithm: Some("SHA256".to_owned()),
            block_data: Some(Payload(bytes.into())),
        })
    }
}

#[cfg(test)]
#[path = "get_snapshot_block_tests.rs"]
mod tests;
