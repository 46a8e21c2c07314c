//! The protocol's error numbers, and which of them a volume's failure is.

use volume::VolumeError;

/// "Error values" of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errno {
    /// EIO: the store failed, or what it holds is damaged.
    Io,
    /// EINVAL: the request makes no sense, or reaches behind the end without writing.
    Invalid,
    /// ENOSPC: a write behind the end of the volume, or the disk below is full.
    NoSpace,
}

impl Errno {
    pub fn number(self) -> u32 {
        match self {
            Errno::Io => 5,
            Errno::Invalid => 22,
            Errno::NoSpace => 28,
        }
    }

    pub fn of(error: &VolumeError) -> Errno {
        match error {
            VolumeError::OutOfRange { .. } => Errno::Invalid,
            VolumeError::NoSpace => Errno::NoSpace,
            // A volume that became read-only after a failed sync is a failing disk, not a choice: EIO rather than EPERM.
            _ => Errno::Io,
        }
    }
}
