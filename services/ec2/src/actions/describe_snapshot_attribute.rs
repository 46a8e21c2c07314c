//! DescribeSnapshotAttribute: whom a snapshot is shared with, or its product codes (there are none). For its owner only.
//! Needs `ec2:DescribeSnapshotAttribute` on the snapshot. Source: EC2 API Reference, DescribeSnapshotAttribute.

use crate::rows::EVERYBODY;
use crate::{find, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::sharing::Grantee;
use wire::generated::ec2::{
    CreateVolumePermission, DescribeSnapshotAttribute as Op, DescribeSnapshotAttributeInput,
    DescribeSnapshotAttributeOutput,
};

pub struct DescribeSnapshotAttribute;

impl Action for DescribeSnapshotAttribute {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeSnapshotAttribute";
    const KEYS: &'static [&'static str] = touched::keys::SNAPSHOT_ATTRIBUTE;

    fn check(input: &DescribeSnapshotAttributeInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)?;
        match input.attribute.as_str() {
            "createVolumePermission" | "productCodes" => Ok(()),
            other => Err(unknown(other)),
        }
    }

    fn touches(cx: &mut Cx, input: &DescribeSnapshotAttributeInput) -> Answer<Vec<Touched>> {
        let mut snapshot = touched::snapshot::existing(cx, &input.snapshot_id)?;
        touched::attributes(&mut snapshot.keys, &[(&input.attribute, None)]);
        Ok(vec![snapshot])
    }

    fn handle(cx: &mut Cx, input: DescribeSnapshotAttributeInput) -> Answer<DescribeSnapshotAttributeOutput> {
        let row = find::snapshot(cx, &input.snapshot_id)?;
        let mut output =
            DescribeSnapshotAttributeOutput { snapshot_id: Some(row.id.clone()), ..Default::default() };
        if input.attribute == "productCodes" {
            output.product_codes = Some(Vec::new());
        } else {
            let shared_with = find::shared_with(cx, &row)?;
            output.create_volume_permissions = Some(shared_with.iter().map(permission).collect());
        }
        Ok(output)
    }
}

/// EC2's answer for an attribute that snapshots do not have.
pub(super) fn unknown(attribute: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", format!("Value ({attribute}) for parameter attribute is invalid."))
        .because("a snapshot has createVolumePermission and productCodes")
}

fn permission(with: &Grantee) -> CreateVolumePermission {
    match with {
        Grantee::Everyone => CreateVolumePermission { group: Some(EVERYBODY.to_owned()), user_id: None },
        Grantee::Account(id) => CreateVolumePermission { user_id: Some(id.to_string()), group: None },
    }
}

#[cfg(test)]
#[path = "snapshot_attribute_tests.rs"]
mod tests;
