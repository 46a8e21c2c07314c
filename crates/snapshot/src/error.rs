//! What can go wrong with a snapshot's bytes.

use chunks::StoreError;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// An object is missing or not what was stored. Only what it holds is lost.
    #[error("damaged: {object}: {what}")]
    Damaged { object: String, what: String },
    /// Written by a later release.
    #[error("{object} has format version {found}; this release knows up to {known}")]
    Newer { object: String, found: u32, known: u32 },
    /// What was asked contradicts itself or a rule of snapshots (another lineage's base, plaintext from ciphertext); nothing was
    /// done, and trying again will not help.
    #[error("{0}")]
    Refused(String),
    /// The chunk store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The volume that is being read; the text says what happened. `no_space` when its disk is full.
    #[error("{what}")]
    Volume { what: String, no_space: bool },
    /// The cipher refused.
    #[error(transparent)]
    Cipher(#[from] cipher::CipherError),
    /// The work was told to stop.
    #[error("stopped")]
    Stopped,
}

impl SnapshotError {
    pub(crate) fn damaged(object: impl ToString, what: impl ToString) -> SnapshotError {
        SnapshotError::Damaged { object: object.to_string(), what: what.to_string() }
    }

    pub(crate) fn refused(what: impl ToString) -> SnapshotError {
        SnapshotError::Refused(what.to_string())
    }
}
