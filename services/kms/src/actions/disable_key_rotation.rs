//! DisableKeyRotation: the key's material is no longer replaced by itself. Rotations on demand go on being possible.
//!
//! State Enabled, symmetric keys of Origin AWS_KMS, of multi-Region keys the primary. Needs `kms:DisableKeyRotation` on the key.
//! Source: KMS API Reference, DisableKeyRotation.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rotation;
use api::{Action, Answer, Cx};
use rules::key_state::KeyOperation;
use wire::generated::kms::{DisableKeyRotation as Op, DisableKeyRotationInput, DisableKeyRotationOutput};

pub struct DisableKeyRotation;

impl Action for DisableKeyRotation {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:DisableKeyRotation";

    fn authorise(cx: &mut Cx, input: &DisableKeyRotationInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "DisableKeyRotation", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: DisableKeyRotationInput) -> Answer<DisableKeyRotationOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::DisableKeyRotation)?;
        rotation::require_rotatable(&key)?;
        rotation::require_primary(cx, &key)?;
        key.rotation = None;
        cx.tx.put(&key)?;
        Ok(DisableKeyRotationOutput {})
    }
}
