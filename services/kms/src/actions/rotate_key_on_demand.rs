//! RotateKeyOnDemand: another current material now, at most 25 times in a key's life: a fresh one, or for imported keys the one
//! that was imported as new. Automatic rotation keeps its day.
//!
//! State Enabled, symmetric keys of Origin AWS_KMS or EXTERNAL, of multi-Region keys the primary. Needs `kms:RotateKeyOnDemand` on
//! the key. Source: KMS API Reference, RotateKeyOnDemand.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rotation;
use crate::rows::RotationType;
use api::{Action, Answer, Cx};
use rules::key_state::KeyOperation;
use rules::rotation::{MaterialState, OnDemand, on_demand};
use wire::generated::kms::{RotateKeyOnDemand as Op, RotateKeyOnDemandInput, RotateKeyOnDemandOutput};

pub struct RotateKeyOnDemand;

impl Action for RotateKeyOnDemand {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:RotateKeyOnDemand";

    fn authorise(cx: &mut Cx, input: &RotateKeyOnDemandInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "RotateKeyOnDemand", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: RotateKeyOnDemandInput) -> Answer<RotateKeyOnDemandOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::RotateKeyOnDemand)?;
        rotation::require_rotatable(&key)?;
        rotation::require_primary(cx, &key)?;
        let now = cx.now();
        let pending_material = match rotation::pending(cx.tx, &key)? {
            Some(material) => {
                material.is_present(now)
                    && rotation::state_of(cx.tx, &key, &material, now)? == MaterialState::PendingRotation
            }
            None => false,
        };
        let asked = OnDemand {
            key_arn: &key.arn(),
            origin: key.origin,
            rotations: key.on_demand_rotations,
            pending_material,
            next: key.rotation.as_ref().map(|rotation| rotation.next),
        };
        on_demand(asked, now)?;
        let key = rotation::rotate(cx.door, cx.tx, key, RotationType::OnDemand, now)?;
        Ok(RotateKeyOnDemandOutput { key_id: Some(key.key_id) })
    }
}
