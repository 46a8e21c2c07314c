//! Fast snapshot restore: one state for each snapshot and zone, per account that enabled it. Sources: EBS User Guide, "Fast snapshot
//! restore"; EC2 API Reference, EnableFastSnapshotRestores, DisableFastSnapshotRestores. The codes of the lists of what failed are not
//! documented; ours are those that the same troubles have elsewhere in EC2.
//!
//! ```text
//! (none) ─► enabling ─► optimizing ─► enabled
//!    ▲          └───────────┴──────────┴──► disabling ─► disabled ─► enabling …
//! ```

use base::Refusal;

/// Snapshots with fast restore per account and Region (EBS User Guide, "Quotas").
pub const SNAPSHOTS_PER_REGION: usize = 5;
/// The largest snapshot.
pub const SIZE_MAX_GIB: u32 = 16 * 1024;

/// `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastRestoreState {
    Enabling,
    Optimizing,
    Enabled,
    Disabling,
    Disabled,
}

impl FastRestoreState {
    pub const ALL: [FastRestoreState; 5] = [
        FastRestoreState::Enabling,
        FastRestoreState::Optimizing,
        FastRestoreState::Enabled,
        FastRestoreState::Disabling,
        FastRestoreState::Disabled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            FastRestoreState::Enabling => "enabling",
            FastRestoreState::Optimizing => "optimizing",
            FastRestoreState::Enabled => "enabled",
            FastRestoreState::Disabling => "disabling",
            FastRestoreState::Disabled => "disabled",
        }
    }

    pub fn parse(text: &str) -> Option<FastRestoreState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// On, or on the way there.
    pub fn is_on(self) -> bool {
        !matches!(self, FastRestoreState::Disabling | FastRestoreState::Disabled)
    }

    /// `StateTransitionReason`: who asked, or what followed from it.
    pub fn reason(self) -> &'static str {
        match self {
            FastRestoreState::Enabling | FastRestoreState::Disabling => "Client.UserInitiated",
            _ => "Client.UserInitiated - Lifecycle state transition",
        }
    }
}

/// May it be enabled for a snapshot of this size in a zone where it is in `current`? `others`: further snapshots for which the account
/// has it on in this Region. Answers whether there is anything to do. Refusals: `InvalidParameterValue` (too large),
/// `ResourceLimitExceeded`, `IncorrectState` (still being disabled).
pub fn may_enable(
    id: &str,
    size_gib: u32,
    current: Option<FastRestoreState>,
    others: usize,
) -> Result<bool, Refusal> {
    if size_gib > SIZE_MAX_GIB {
        let message = format!(
            "The snapshot '{id}' has {size_gib} GiB; fast snapshot restore is for up to {SIZE_MAX_GIB} GiB"
        );
        return Err(
            Refusal::new("InvalidParameterValue", message).because("larger snapshots are not supported")
        );
    }
    match current {
        Some(state) if state.is_on() => Ok(false),
        Some(FastRestoreState::Disabling) => Err(Refusal::new(
            "IncorrectState",
            format!("Fast snapshot restore of '{id}' is being disabled in this zone"),
        )
        .because("enable it again once it is disabled")),
        _ if others >= SNAPSHOTS_PER_REGION => Err(Refusal::new(
            "ResourceLimitExceeded",
            format!(
                "Fast snapshot restore can be enabled for at most {SNAPSHOTS_PER_REGION} snapshots per Region"
            ),
        )
        .because(format!("it is enabled for {others} other snapshots"))),
        _ => Ok(true),
    }
}

/// May it be disabled in a zone where it is in `current`? Refusal: `IncorrectState`.
pub fn may_disable(id: &str, current: Option<FastRestoreState>) -> Result<(), Refusal> {
    if current.is_some_and(FastRestoreState::is_on) {
        return Ok(());
    }
    let message = format!("Fast snapshot restore of '{id}' is not enabled in this zone");
    Err(Refusal::new("IncorrectState", message).because(match current {
        Some(state) => format!("it is {}", state.as_str()),
        None => "it was never enabled".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::FastRestoreState::{Disabled, Disabling, Enabled, Enabling, Optimizing};
    use super::*;

    #[test]
    fn enabling_is_for_what_is_off_small_enough_and_within_the_limit() {
        let code = |size, current, others| {
            may_enable("snap-1", size, current, others).map_err(|r| r.code.to_string())
        };
        for (size, current, others, expected) in [
            (1, None, 0, Ok(true)),
            (SIZE_MAX_GIB, Some(Disabled), 4, Ok(true)),
            (1, Some(Enabling), 9, Ok(false)),
            (1, Some(Optimizing), 9, Ok(false)),
            (1, Some(Enabled), 9, Ok(false)),
            (1, Some(Disabling), 0, Err("IncorrectState")),
            (1, None, 5, Err("ResourceLimitExceeded")),
            (1, Some(Disabled), 5, Err("ResourceLimitExceeded")),
            (SIZE_MAX_GIB + 1, None, 0, Err("InvalidParameterValue")),
            (SIZE_MAX_GIB + 1, Some(Enabled), 0, Err("InvalidParameterValue")),
        ] {
            assert_eq!(
                code(size, current, others),
                expected.map_err(str::to_owned),
                "{size} {current:?} {others}"
            );
        }
    }

    #[test]
    fn disabling_is_for_what_is_on() {
        for (current, may) in [
            (None, false),
            (Some(Disabling), false),
            (Some(Disabled), false),
            (Some(Enabling), true),
            (Some(Optimizing), true),
            (Some(Enabled), true),
        ] {
            assert_eq!(may_disable("snap-1", current).is_ok(), may, "{current:?}");
        }
    }

    #[test]
    fn states_read_as_they_print() {
        for state in FastRestoreState::ALL {
            assert_eq!(FastRestoreState::parse(state.as_str()), Some(state));
        }
        for bad in ["", "Enabled", "on"] {
            assert_eq!(FastRestoreState::parse(bad), None);
        }
    }
}
