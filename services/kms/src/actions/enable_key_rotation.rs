//! EnableKeyRotation: the key's material is replaced every so many days (90 to 2,560, 365 if not told), counted from now. Asked
//! again, it counts anew.
//!
//! State Enabled, symmetric keys of Origin AWS_KMS, of multi-Region keys the primary. Needs `kms:EnableKeyRotation` on the key.
//! Source: KMS API Reference, EnableKeyRotation.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rotation;
use crate::rows::Rotation;
use api::{Action, Answer, Cx};
use rules::key_state::KeyOperation;
use rules::rotation::{PERIOD_DAYS_DEFAULT, next};
use wire::generated::kms::{EnableKeyRotation as Op, EnableKeyRotationInput, EnableKeyRotationOutput};

pub struct EnableKeyRotation;

impl Action for EnableKeyRotation {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:EnableKeyRotation";

    fn authorise(cx: &mut Cx, input: &EnableKeyRotationInput) -> Answer<()> {
        let asks = Asks::nothing().with("kms:RotationPeriodInDays", days(input).to_string());
        access::key(cx, &input.key_id, Accepts::Key, "EnableKeyRotation", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: EnableKeyRotationInput) -> Answer<EnableKeyRotationOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::EnableKeyRotation)?;
        rotation::require_rotatable(&key)?;
        rotation::require_primary(cx, &key)?;
        let period_days = days(&input);
        key.rotation = Some(Rotation { period_days, next: next(cx.now(), period_days) });
        cx.tx.put(&key)?;
        Ok(EnableKeyRotationOutput {})
    }
}

/// The wire has checked the range.
fn days(input: &EnableKeyRotationInput) -> i32 {
    input.rotation_period_in_days.unwrap_or(PERIOD_DAYS_DEFAULT)
}
