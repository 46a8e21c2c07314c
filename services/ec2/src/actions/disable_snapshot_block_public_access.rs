//! DisableSnapshotBlockPublicAccess: snapshots of the account in this Region can be made public again; those that were hidden are
//! public again. Disabling what is not enabled is fine. Needs `ec2:DisableSnapshotBlockPublicAccess`.
//! Source: EC2 API Reference, DisableSnapshotBlockPublicAccess.

use crate::{block_public_access, touched};
use api::{Action, Answer, Cx, Touched};
use rules::sharing::BlockPublicAccess;
use wire::generated::ec2::{
    DisableSnapshotBlockPublicAccess as Op, DisableSnapshotBlockPublicAccessInput,
    DisableSnapshotBlockPublicAccessOutput,
};

pub struct DisableSnapshotBlockPublicAccess;

impl Action for DisableSnapshotBlockPublicAccess {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DisableSnapshotBlockPublicAccess";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &DisableSnapshotBlockPublicAccessInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        _input: DisableSnapshotBlockPublicAccessInput,
    ) -> Answer<DisableSnapshotBlockPublicAccessOutput> {
        let state = block_public_access::choose(cx, BlockPublicAccess::Unblocked)?;
        Ok(DisableSnapshotBlockPublicAccessOutput { state })
    }
}
