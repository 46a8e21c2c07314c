//! ModifyVolume: what may change, how often, and the life of a modification. Source: EC2 API Reference, ModifyVolume; EBS User
//! Guide, "Modify a volume"; messages from recordings of AWS and public reports.
//!
//! ```text
//! modifying ──► optimizing ──► completed       one at a time, at most 4 begun within 24 hours
//!     │   └───── (performance only) ──►┘
//!     └──► failed
//! ```
//! Encryption and key are no parts of it: nothing here can change them.

use crate::lifecycle::volume::VolumeState;
use crate::volume_types::{self, Shape, TYPES};
use base::{Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Modifications of one volume that may begin within [`WINDOW`].
pub const PER_WINDOW: usize = 4;
/// The rolling window.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// State of a modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModificationState {
    Modifying,
    Optimizing,
    Completed,
    Failed,
}

impl ModificationState {
    pub fn as_str(self) -> &'static str {
        match self {
            ModificationState::Modifying => "modifying",
            ModificationState::Optimizing => "optimizing",
            ModificationState::Completed => "completed",
            ModificationState::Failed => "failed",
        }
    }

    /// It is still going on, so no other may begin.
    pub fn is_running(self) -> bool {
        matches!(self, ModificationState::Modifying | ModificationState::Optimizing)
    }

    /// The state that follows once the change is applied. A change of size or type is optimized first; one of performance alone may
    /// skip that.
    pub fn after_applied(original: &Shape, target: &Shape) -> ModificationState {
        if original.size_gib == target.size_gib && original.volume_type == target.volume_type {
            ModificationState::Completed
        } else {
            ModificationState::Optimizing
        }
    }

    /// `Progress`, 0 to 100: of the optimizing, in whatever unit `done` and `total` are.
    pub fn progress(self, done: u64, total: u64) -> i64 {
        match self {
            ModificationState::Modifying => 0,
            ModificationState::Completed => 100,
            ModificationState::Optimizing | ModificationState::Failed => {
                let percent = u128::from(done) * 100 / u128::from(total.max(1));
                i64::try_from(percent.min(99)).unwrap_or(99)
            }
        }
    }
}

/// ModifyVolume, as sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    pub size_gib: Option<i32>,
    pub volume_type: Option<&'a str>,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub multi_attach: Option<bool>,
}

/// Checks what needs no state: something must be asked for. Refusal: `InvalidParameterValue`.
pub fn check(wish: Wish) -> Result<(), Refusal> {
    let nothing = wish.size_gib.is_none()
        && wish.volume_type.is_none_or(str::is_empty)
        && wish.iops.is_none()
        && wish.throughput.is_none()
        && wish.multi_attach.is_none();
    if nothing {
        let text = "Must specify at least one of size, type, iops, throughput or multi-attach";
        return Err(invalid(text).because("the request changes nothing"));
    }
    Ok(())
}

/// May a modification of the volume begin? `latest` is the state of its latest one, `begun` when earlier ones began, in any order.
/// Refusals: `InvalidVolume.NotFound`, `IncorrectState`, `IncorrectModificationState`, `VolumeModificationRateExceeded`.
pub fn may_begin(
    id: &str,
    state: VolumeState,
    latest: Option<ModificationState>,
    begun: &[Timestamp],
    now: Timestamp,
) -> Result<(), Refusal> {
    match state {
        VolumeState::Available | VolumeState::InUse => {}
        VolumeState::Deleting => return Err(super::volume::not_found(id)),
        VolumeState::Creating => {
            return Err(Refusal::new("IncorrectState", format!("Volume '{id}' is in the 'creating' state."))
                .because("only an available or attached volume can be modified"));
        }
    }
    if let Some(running) = latest.filter(|state| state.is_running()) {
        let name = running.as_str().to_ascii_uppercase();
        return Err(Refusal::new(
            "IncorrectModificationState",
            format!("Volume {id} cannot be modified in modification state {name}"),
        )
        .because(format!("the modification before is still {}", running.as_str())));
    }
    // The distance, not the order, so that a clock set back far does not forbid modifications until it has caught up.
    let window = WINDOW.as_secs().saturating_mul(1000);
    let recent = begun.iter().filter(|then| now.millis().abs_diff(then.millis()) < window).count();
    if recent >= PER_WINDOW {
        return Err(Refusal::new(
            "VolumeModificationRateExceeded",
            "You've reached the maximum modification rate per volume limit. At most 4 modifications may begin within 24 hours.",
        )
        .because(format!("{recent} modifications of {id} began within the last 24 hours")));
    }
    Ok(())
}

/// What the volume becomes. `attachments` is how many instances hold it. Refusals: `InvalidParameterValue` (smaller, out of range),
/// `UnknownVolumeType`, `MissingParameter` (io1, io2 without IOPS), `InvalidParameterCombination`, `IncorrectState` (Multi-Attach
/// of an attached volume).
pub fn target(current: &Shape, wish: Wish, attachments: usize) -> Result<Shape, Refusal> {
    check(wish)?;
    let size = wish.size_gib.unwrap_or_else(|| i32::try_from(current.size_gib).unwrap_or(i32::MAX));
    if i64::from(size) < i64::from(current.size_gib) {
        return Err(invalid("New size cannot be smaller than existing size")
            .because(format!("{size} GiB were asked for, the volume has {} GiB", current.size_gib)));
    }
    let kind = wish.volume_type.filter(|t| !t.is_empty()).unwrap_or(current.volume_type);
    let multi_attach = wish.multi_attach.unwrap_or(current.multi_attach);
    let target = volume_types::shape(volume_types::Asked {
        volume_type: Some(kind),
        size_gib: Some(size),
        iops: wish.iops.or_else(|| kept(current, kind, current.iops, |t| t.iops.as_ref())),
        throughput: wish
            .throughput
            .or_else(|| kept(current, kind, current.throughput, |t| t.throughput.as_ref())),
        multi_attach,
    })?;
    may_switch_multi_attach(current.multi_attach, multi_attach, attachments)?;
    Ok(target)
}

/// A provisioned value that was not asked about stays, unless the new type does not support it. What a type derives (gp2's IOPS) was
/// never provisioned, so it is not carried over.
fn kept(
    current: &Shape,
    kind: &str,
    value: Option<i32>,
    range: impl Fn(&volume_types::VolumeType) -> Option<&std::ops::RangeInclusive<i32>>,
) -> Option<i32> {
    let of = |name: &str| TYPES.iter().find(|t| t.name.eq_ignore_ascii_case(name)).and_then(&range);
    of(current.volume_type)?;
    let wanted = of(kind)?;
    value.filter(|value| wanted.contains(value))
}

fn may_switch_multi_attach(is: bool, becomes: bool, attachments: usize) -> Result<(), Refusal> {
    let refused = |text: &'static str, why: String| Err(Refusal::new("IncorrectState", text).because(why));
    match (is, becomes) {
        (false, true) if attachments > 0 => refused(
            "Multi-Attach cannot be enabled while the volume is attached",
            format!("{attachments} instances hold the volume; detach it first"),
        ),
        (true, false) if attachments > 1 => refused(
            "Multi-Attach cannot be disabled while the volume is attached to more than one instance",
            format!("{attachments} instances hold the volume; detach it from all but one first"),
        ),
        _ => Ok(()),
    }
}

/// EC2's answer for a volume that was never modified, when it is asked about by id.
pub fn not_found(id: &str) -> Refusal {
    Refusal::new(
        "InvalidVolumeModification.NotFound",
        format!("Modification for volume {id} does not exist."),
    )
    .because(format!("{id} was never modified"))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

#[cfg(test)]
#[path = "modification_tests.rs"]
mod tests;
