//! The life of a volume and of its attachments.
//!
//! ```text
//! creating ──► available ◄──► in-use          attaching ──► attached ──► detaching ──► (gone)
//!     │            │                               └──────────────────────────► (gone: the key could not be used)
//!     └─► (gone) ◄─ deleting
//! ```
//! A creation that fails simply vanishes, as in AWS; why is kept with the former volume. Messages: EC2 API Reference, "Error
//! codes", and recordings of AWS.

use base::Refusal;
use serde::{Deserialize, Serialize};

/// State of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeState {
    Creating,
    Available,
    InUse,
    Deleting,
}

impl VolumeState {
    pub fn as_str(self) -> &'static str {
        match self {
            VolumeState::Creating => "creating",
            VolumeState::Available => "available",
            VolumeState::InUse => "in-use",
            VolumeState::Deleting => "deleting",
        }
    }
}

/// State of one attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentState {
    Attaching,
    Attached,
    Detaching,
}

impl AttachmentState {
    pub fn as_str(self) -> &'static str {
        match self {
            AttachmentState::Attaching => "attaching",
            AttachmentState::Attached => "attached",
            AttachmentState::Detaching => "detaching",
        }
    }
}

/// The most instances that one Multi-Attach volume may be attached to.
pub const MULTI_ATTACH_MAX: usize = 16;

/// May the volume be deleted? A volume still being created may (AWS accepts it); one already being deleted is gone for
/// the caller. `attached_to` names the instances that hold it.
pub fn may_delete(id: &str, state: VolumeState, attached_to: &[&str]) -> Result<(), Refusal> {
    match (state, attached_to.first()) {
        (VolumeState::Creating | VolumeState::Available, None) => Ok(()),
        (VolumeState::Deleting, _) => Err(not_found(id)),
        (_, Some(instance)) => {
            Err(Refusal::new("VolumeInUse", format!("Volume {id} is currently attached to {instance}")))
        }
        (VolumeState::InUse, None) => Err(Refusal::new("VolumeInUse", format!("Volume {id} is in use"))),
    }
}

/// May the volume be attached to `instance`?
pub fn may_attach(
    id: &str,
    state: VolumeState,
    attached_to: &[&str],
    instance: &str,
    multi_attach: bool,
) -> Result<(), Refusal> {
    match state {
        VolumeState::Available => Ok(()),
        VolumeState::Deleting => Err(not_found(id)),
        VolumeState::Creating => {
            Err(Refusal::new("IncorrectState", format!("Volume '{id}' is in the 'creating' state.")))
        }
        VolumeState::InUse if !multi_attach || attached_to.contains(&instance) => {
            Err(Refusal::new("VolumeInUse", format!("{id} is already attached to an instance"))
                .because(format!("{id} is attached to {}", attached_to.join(", "))))
        }
        VolumeState::InUse if attached_to.len() >= MULTI_ATTACH_MAX => Err(Refusal::new(
            "AttachmentLimitExceeded",
            format!("{id} is attached to {MULTI_ATTACH_MAX} instances, the most that Multi-Attach allows"),
        )),
        VolumeState::InUse => Ok(()),
    }
}

/// May this attachment be detached?
pub fn may_detach(id: &str, state: AttachmentState) -> Result<(), Refusal> {
    match state {
        AttachmentState::Attached | AttachmentState::Attaching => Ok(()),
        AttachmentState::Detaching => {
            Err(Refusal::new("IncorrectState", format!("Volume '{id}' is in the 'detaching' state.")))
        }
    }
}

/// EC2's answer for a volume that is not there.
pub fn not_found(id: &str) -> Refusal {
    Refusal::new("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use VolumeState::{Available, Creating, Deleting, InUse};

    fn code(r: Result<(), Refusal>) -> String {
        r.map_or_else(|e| e.code.into_owned(), |()| "ok".into())
    }

    #[test]
    fn deleting_is_for_volumes_that_nobody_holds() {
        let cases = [
            (Available, vec![], "ok"),
            (Creating, vec![], "ok"),
            (InUse, vec!["i-1"], "VolumeInUse"),
            (InUse, vec![], "VolumeInUse"),
            (Deleting, vec![], "InvalidVolume.NotFound"),
        ];
        for (state, held, expected) in cases {
            assert_eq!(code(may_delete("vol-1", state, &held)), expected, "{state:?}");
        }
    }

    #[test]
    fn attaching_twice_needs_multi_attach_and_another_instance() {
        let many: Vec<String> = (0..16).map(|i| format!("i-{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let cases: [(VolumeState, &[&str], bool, &str); 8] = [
            (Available, &[], false, "ok"),
            (Available, &[], true, "ok"),
            (Creating, &[], false, "IncorrectState"),
            (Deleting, &[], false, "InvalidVolume.NotFound"),
            (InUse, &["i-other"], false, "VolumeInUse"),
            (InUse, &["i-other"], true, "ok"),
            (InUse, &["i-me"], true, "VolumeInUse"),
            (InUse, &many, true, "AttachmentLimitExceeded"),
        ];
        for (state, held, multi, expected) in cases {
            assert_eq!(
                code(may_attach("vol-1", state, held, "i-me", multi)),
                expected,
                "{state:?} {held:?} {multi}"
            );
        }
    }

    #[test]
    fn a_detaching_volume_cannot_be_detached_again() {
        assert_eq!(code(may_detach("v", AttachmentState::Attached)), "ok");
        assert_eq!(code(may_detach("v", AttachmentState::Attaching)), "ok");
        assert_eq!(code(may_detach("v", AttachmentState::Detaching)), "IncorrectState");
    }
}
