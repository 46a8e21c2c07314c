//! ResetSnapshotAttribute: the snapshot is private again. Needs `ec2:ResetSnapshotAttribute` on the snapshot.
//! Source: EC2 API Reference, ResetSnapshotAttribute.

use super::describe_snapshot_attribute::unknown;
use crate::{find, sharing_rows, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::sharing::Change;
use wire::generated::ec2::{
    ResetSnapshotAttribute as Op, ResetSnapshotAttributeInput, ResetSnapshotAttributeOutput,
};

pub struct ResetSnapshotAttribute;

impl Action for ResetSnapshotAttribute {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:ResetSnapshotAttribute";
    const KEYS: &'static [&'static str] = touched::keys::SNAPSHOT_ATTRIBUTE;

    fn check(input: &ResetSnapshotAttributeInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)?;
        match input.attribute.as_str() {
            "createVolumePermission" => Ok(()),
            other => Err(unknown(other).because("only createVolumePermission can be reset")),
        }
    }

    fn touches(cx: &mut Cx, input: &ResetSnapshotAttributeInput) -> Answer<Vec<Touched>> {
        let mut snapshot = touched::snapshot::existing(cx, &input.snapshot_id)?;
        touched::attributes(&mut snapshot.keys, &[(&input.attribute, None)]);
        Ok(vec![snapshot])
    }

    fn handle(cx: &mut Cx, input: ResetSnapshotAttributeInput) -> Answer<ResetSnapshotAttributeOutput> {
        find::touch_snapshot(cx, &input.snapshot_id);
        let row = find::snapshot(cx, &input.snapshot_id)?;
        let remove = find::shared_with(cx, &row)?;
        sharing_rows::apply(cx, row, &Change { remove, ..Default::default() })?;
        Ok(ResetSnapshotAttributeOutput::default())
    }
}
