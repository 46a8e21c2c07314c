//! ListKeyRotations: when the key's material was replaced, oldest first; with `ALL_KEY_MATERIAL` also its first material and one
//! that waits. 100 to a page, at most 1,000.
//!
//! Any state, symmetric keys of Origin AWS_KMS or EXTERNAL. Needs `kms:ListKeyRotations` on the key.
//! Source: KMS API Reference, ListKeyRotations.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::paging::Paging;
use crate::rows::{Key, KeyMaterial};
use crate::{material, rotation, shapes};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::{KeyOperation, KeyOrigin};
use wire::generated::kms::{
    ListKeyRotations as Op, ListKeyRotationsInput, ListKeyRotationsOutput, RotationsListEntry,
};

pub struct ListKeyRotations;

impl Action for ListKeyRotations {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListKeyRotations";

    fn authorise(cx: &mut Cx, input: &ListKeyRotationsInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "ListKeyRotations", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: ListKeyRotationsInput) -> Answer<ListKeyRotationsOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::ListKeyRotations)?;
        rotation::require_rotatable(&key)?;
        if !matches!(key.origin, KeyOrigin::AwsKms | KeyOrigin::External) {
            let message = format!(
                "{} origin is {} which is not valid for this operation.",
                key.arn(),
                key.origin.name()
            );
            return Err(Refusal::new("UnsupportedOperationException", message).into());
        }
        let all = input.include_key_material.as_deref() == Some("ALL_KEY_MATERIAL");
        let mut materials = material::all(cx.tx, &key)?;
        materials.retain(|material| all || material.rotated.is_some());
        materials.sort_by_key(order);
        let paging = Paging {
            action: "ListKeyRotations",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 100,
            max: 1000,
        };
        let page = paging.list(cx, materials, order)?;
        let truncated = page.truncated();
        let mut rotations = Vec::with_capacity(page.items.len());
        for material in page.items {
            rotations.push(entry(cx, &key, material)?);
        }
        Ok(ListKeyRotationsOutput { rotations: Some(rotations), next_marker: page.next_marker, truncated })
    }
}

/// The first material, then the rotations by their time, then what waits.
fn order(material: &KeyMaterial) -> String {
    let place = match (material.pending_rotation, material.rotated) {
        (true, _) => "~".to_owned(),
        (false, Some((at, _))) => format!("{:016x}", at.millis()),
        (false, None) => String::new(),
    };
    format!("{place}/{}", material.material_id)
}

fn entry(cx: &mut Cx, key: &Key, material: KeyMaterial) -> Answer<RotationsListEntry> {
    let now = cx.now();
    let state = rotation::state_of(cx.tx, key, &material, now)?;
    let imported = key.origin == KeyOrigin::External;
    let present = material.is_present(now);
    let import_state = if present { "IMPORTED" } else { "PENDING_IMPORT" };
    Ok(RotationsListEntry {
        key_id: Some(key.key_id.clone()),
        key_material_id: Some(material.material_id),
        key_material_description: material.description,
        import_state: imported.then(|| import_state.to_owned()),
        key_material_state: Some(state.name().to_owned()),
        expiration_model: (imported && present)
            .then(|| shapes::expiration_model(material.valid_to).to_owned()),
        valid_to: material.valid_to.filter(|_| present),
        rotation_date: material.rotated.map(|(at, _)| at),
        rotation_type: material.rotated.map(|(_, kind)| kind.name().to_owned()),
    })
}
