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
