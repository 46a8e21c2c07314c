//! GetSnapshotBlockPublicAccessState: whether snapshots of the account in this Region can be public. `ManagedBy` is always `account`:
//! there are no declarative policies here. Needs `ec2:GetSnapshotBlockPublicAccessState`.
//! Source: EC2 API Reference, GetSnapshotBlockPublicAccessState.

use crate::{block_public_access, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    GetSnapshotBlockPublicAccessState as Op, GetSnapshotBlockPublicAccessStateInput,
    GetSnapshotBlockPublicAccessStateOutput,
};

pub struct GetSnapshotBlockPublicAccessState;

impl Action for GetSnapshotBlockPublicAccessState {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:GetSnapshotBlockPublicAccessState";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &GetSnapshotBlockPublicAccessStateInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        _input: GetSnapshotBlockPublicAccessStateInput,
    ) -> Answer<GetSnapshotBlockPublicAccessStateOutput> {
        let (account, region) = (cx.account().clone(), cx.region().clone());
        let state = block_public_access::state(cx, &account, &region)?;
        Ok(GetSnapshotBlockPublicAccessStateOutput {
            state: Some(state.as_str().to_owned()),
            managed_by: Some("account".to_owned()),
        })
    }
}
