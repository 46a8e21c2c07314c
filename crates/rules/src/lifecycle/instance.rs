//! The life of an instance, with the state codes of the EC2 API.
//!
//! ```text
//! pending 0 ──► running 16 ──► shutting-down 32 ──► terminated 48
//!     └────────────────────────────┘   (a launch that fails)
//! ```

use base::Refusal;
use serde::{Deserialize, Serialize};

/// State of an instance. Stopping and stopped come with StopInstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
}

impl InstanceState {
    pub fn as_str(self) -> &'static str {
        match self {
            InstanceState::Pending => "pending",
            InstanceState::Running => "running",
            InstanceState::ShuttingDown => "shutting-down",
            InstanceState::Terminated => "terminated",
        }
    }

    pub fn code(self) -> i32 {
        match self {
            InstanceState::Pending => 0,
            InstanceState::Running => 16,
            InstanceState::ShuttingDown => 32,
            InstanceState::Terminated => 48,
        }
    }
}

/// May a volume be attached to the instance? Only to one that runs.
pub fn may_attach(id: &str, state: InstanceState) -> Result<(), Refusal> {
    if state == InstanceState::Running {
        return Ok(());
    }
    Err(Refusal::new(
        "IncorrectState",
        format!("Instance '{id}' is not 'running' or 'stopped'; it is '{}'.", state.as_str()),
    ))
}

/// EC2's answer for an instance that is not there.
pub fn not_found(id: &str) -> Refusal {
    Refusal::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_running_instance_takes_volumes() {
        for (state, good) in [
            (InstanceState::Pending, false),
            (InstanceState::Running, true),
            (InstanceState::ShuttingDown, false),
            (InstanceState::Terminated, false),
        ] {
            assert_eq!(may_attach("i-1", state).is_ok(), good, "{state:?}");
        }
    }
}
