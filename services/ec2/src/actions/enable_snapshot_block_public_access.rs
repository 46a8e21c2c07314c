//! EnableSnapshotBlockPublicAccess: from now on no snapshot of the account in this Region can be made public (`block-new-sharing`), or
//! also those that are public are hidden (`block-all-sharing`); they stay marked as public and come back when unblocked. The two can be
//! exchanged at any time. Needs `ec2:EnableSnapshotBlockPublicAccess`. Source: EC2 API Reference, EnableSnapshotBlockPublicAccess.

use crate::{block_public_access, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::sharing::BlockPublicAccess;
use wire::generated::ec2::{
    EnableSnapshotBlockPublicAccess as Op, EnableSnapshotBlockPublicAccessInput,
    EnableSnapshotBlockPublicAccessOutput,
};

pub struct EnableSnapshotBlockPublicAccess;

impl Action for EnableSnapshotBlockPublicAccess {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:EnableSnapshotBlockPublicAccess";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &EnableSnapshotBlockPublicAccessInput) -> Result<(), Refusal> {
        BlockPublicAccess::parse_blocking(&input.state).map(|_| ())
    }

    fn touches(cx: &mut Cx, _input: &EnableSnapshotBlockPublicAccessInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        input: EnableSnapshotBlockPublicAccessInput,
    ) -> Answer<EnableSnapshotBlockPublicAccessOutput> {
        let state = block_public_access::choose(cx, BlockPublicAccess::parse_blocking(&input.state)?)?;
        Ok(EnableSnapshotBlockPublicAccessOutput { state })
    }
}

#[cfg(test)]
#[path = "snapshot_block_public_access_tests.rs"]
mod tests;
