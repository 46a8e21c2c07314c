//! When a KMS key's material may be replaced, and when it is replaced by itself. Sources: KMS Developer Guide, "Rotate AWS KMS
//! keys"; KMS API Reference, EnableKeyRotation, RotateKeyOnDemand, ListKeyRotations.

use crate::key_state::{KeyOrigin, KeyState};
use base::{Refusal, Timestamp};
use std::time::Duration;

/// `RotationPeriodInDays`, EnableKeyRotation.
pub const PERIOD_DAYS_MIN: i32 = 90;
pub const PERIOD_DAYS_MAX: i32 = 2560;
/// What EnableKeyRotation takes when it is not told, and the year of AWS managed keys.
pub const PERIOD_DAYS_DEFAULT: i32 = 365;
/// On-demand rotations in a key's life.
pub const ON_DEMAND_MAX: u32 = 25;
/// So near to an automatic rotation none is begun on demand (RotateKeyOnDemand, `ConflictException`).
pub const ON_DEMAND_DISTANCE: Duration = Duration::from_secs(20 * 60);

const DAY: Duration = Duration::from_secs(86_400);

/// When the period that begins at `from` ends.
pub fn next(from: Timestamp, period_days: i32) -> Timestamp {
    from.plus(DAY * period_days.unsigned_abs())
}

/// Whether an automatic rotation runs now. A key that is not enabled waits, and catches up when it is.
pub fn is_due(state: KeyState, next: Timestamp, now: Timestamp) -> bool {
    state == KeyState::Enabled && next <= now
}

/// What RotateKeyOnDemand looks at.
#[derive(Clone, Copy, Debug)]
pub struct OnDemand<'a> {
    pub key_arn: &'a str,
    pub origin: KeyOrigin,
    /// so far
    pub rotations: u32,
    /// of imported keys: a new material waits, and every related multi-Region key has it
    pub pending_material: bool,
    /// the next automatic rotation, if there is one
    pub next: Option<Timestamp>,
}

/// May the key be rotated now? Its state is another question (`key_state`).
pub fn on_demand(asked: OnDemand, now: Timestamp) -> Result<(), Refusal> {
    let arn = asked.key_arn;
    match asked.origin {
        KeyOrigin::AwsKms | KeyOrigin::External => {}
        other => {
            return Err(Refusal::new(
                "UnsupportedOperationException",
                format!("{arn} origin is {} which is not valid for this operation.", other.name()),
            ));
        }
    }
    if asked.rotations >= ON_DEMAND_MAX {
        return Err(Refusal::new(
            "LimitExceededException",
            format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
                 performed for this key: {arn}"
            ),
        ));
    }
    if asked.origin == KeyOrigin::External && !asked.pending_material {
        return Err(Refusal::new(
            "KMSInvalidStateException",
            format!("No available key material pending rotation for the key: {arn}."),
        ));
    }
    if asked.next.is_some_and(|next| next.minus(ON_DEMAND_DISTANCE) <= now) {
        return Err(Refusal::new(
            "ConflictException",
            format!("{arn} cannot be rotated on demand: an automatic rotation begins within 20 minutes."),
        ));
    }
    Ok(())
}

/// `KeyMaterialState` of ListKeyRotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaterialState {
    /// encrypts and decrypts
    Current,
    /// decrypts
    NonCurrent,
    /// imported as new, used for nothing yet
    PendingRotation,
    /// the same, and some related multi-Region key lacks it
    PendingMultiRegionImport,
}

impl MaterialState {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            MaterialState::Current => "CURRENT",
            MaterialState::NonCurrent => "NON_CURRENT",
            MaterialState::PendingRotation => "PENDING_ROTATION",
            MaterialState::PendingMultiRegionImport => "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn ours() -> OnDemand<'static> {
        OnDemand {
            key_arn: ARN,
            origin: KeyOrigin::AwsKms,
            rotations: 0,
            pending_material: false,
            next: None,
        }
    }

    fn code(asked: OnDemand) -> Option<String> {
        on_demand(asked, NOW).err().map(|refusal| refusal.code.to_string())
    }

    #[test]
    fn the_twenty_sixth_rotation_on_demand_is_refused_in_the_words_of_aws() {
        assert_eq!(code(OnDemand { rotations: 24, ..ours() }), None);
        let refusal = on_demand(OnDemand { rotations: 25, ..ours() }, NOW).unwrap_err();
        assert_eq!(refusal.code, "LimitExceededException");
        assert_eq!(
            refusal.message,
            format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
                 performed for this key: {ARN}"
            )
        );
    }

    #[test]
    fn imported_keys_need_a_new_material_and_keys_of_stores_do_not_rotate() {
        let external = OnDemand { origin: KeyOrigin::External, ..ours() };
        let refusal = on_demand(external, NOW).unwrap_err();
        assert_eq!(
            refusal.message,
            format!("No available key material pending rotation for the key: {ARN}.")
        );
        assert_eq!(code(OnDemand { pending_material: true, ..external }), None);
        for origin in [KeyOrigin::CloudHsm, KeyOrigin::ExternalKeyStore] {
            let asked = OnDemand { origin, pending_material: true, ..ours() };
            assert_eq!(code(asked).as_deref(), Some("UnsupportedOperationException"));
        }
    }

    #[test]
    fn twenty_minutes_before_an_automatic_rotation_none_is_begun() {
        let at =
            |minutes: u64| OnDemand { next: Some(NOW.plus(Duration::from_secs(60 * minutes))), ..ours() };
        assert_eq!(code(at(21)), None);
        assert_eq!(code(at(20)).as_deref(), Some("ConflictException"));
        assert_eq!(code(at(0)).as_deref(), Some("ConflictException"));
    }

    #[test]
    fn only_enabled_keys_rotate_by_themselves_and_not_before_their_day() {
        let next = next(NOW, 90);
        assert_eq!(next, NOW.plus(DAY * 90));
        for state in KeyState::ALL {
            assert_eq!(is_due(state, next, next), state == KeyState::Enabled, "{state:?}");
            assert!(!is_due(state, next, next.minus(Duration::from_millis(1))), "{state:?}");
        }
    }
}
