//! ModifySnapshotAttribute: shares a snapshot with accounts or with everybody, or takes that back. Each account that gets it hears a
//! `shareSnapshot` event. Both forms of the request are read by `rules::sharing`.
//! Needs `ec2:ModifySnapshotAttribute` on the snapshot. Sources: EC2 API Reference, ModifySnapshotAttribute; EBS User Guide, "Share a
//! snapshot".

use crate::{block_public_access, find, sharing_rows, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use kms::names::{self, Looked};
use rules::lifecycle::snapshot;
use rules::sharing::{self, Change, Item, ModifyAttribute, SharedKey};
use wire::generated::ec2::{
    CreateVolumePermission, ModifySnapshotAttribute as Op, ModifySnapshotAttributeInput,
    ModifySnapshotAttributeOutput,
};

pub struct ModifySnapshotAttribute;

impl Action for ModifySnapshotAttribute {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:ModifySnapshotAttribute";
    const KEYS: &'static [&'static str] = touched::keys::SHARING;

    fn check(input: &ModifySnapshotAttributeInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)?;
        change(input).map(drop)
    }

    fn touches(cx: &mut Cx, input: &ModifySnapshotAttributeInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::snapshot::shared(cx, &input.snapshot_id, &change(input)?)?])
    }

    fn handle(cx: &mut Cx, input: ModifySnapshotAttributeInput) -> Answer<ModifySnapshotAttributeOutput> {
        find::touch_snapshot(cx, &input.snapshot_id);
        let row = find::snapshot(cx, &input.snapshot_id)?;
        let change = change(&input)?;
        snapshot::may_share(&row.id, row.state)?;
        let key = match row.encryption.as_ref().map(|e| e.key_arn.clone()) {
            None => SharedKey::Unencrypted,
            Some(arn) => match names::look(cx, &arn)? {
                Looked::Key(facts) if facts.is_managed => SharedKey::Managed,
                _ => SharedKey::Customer,
            },
        };
        let block = block_public_access::state(cx, &row.account, &row.region)?;
        sharing::may_share(key, &change, block)?;
        sharing_rows::apply(cx, row, &change)?;
        Ok(ModifySnapshotAttributeOutput::default())
    }
}

fn change(input: &ModifySnapshotAttributeInput) -> Result<Change, Refusal> {
    let permission = input.create_volume_permission.as_ref();
    let add = items(permission.and_then(|p| p.add.as_ref()));
    let remove = items(permission.and_then(|p| p.remove.as_ref()));
    let users: Vec<&str> = input.user_ids.iter().flatten().map(String::as_str).collect();
    let groups: Vec<&str> = input.group_names.iter().flatten().map(String::as_str).collect();
    sharing::change(ModifyAttribute {
        attribute: input.attribute.as_deref(),
        add: &add,
        remove: &remove,
        operation: input.operation_type.as_deref(),
        user_ids: &users,
        group_names: &groups,
    })
}

fn items(list: Option<&Vec<CreateVolumePermission>>) -> Vec<Item<'_>> {
    let items = list.into_iter().flatten();
    items.map(|p| Item { user_id: p.user_id.as_deref(), group: p.group.as_deref() }).collect()
}
