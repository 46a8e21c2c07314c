//! What can go wrong with a store, as far as callers answer it differently.

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no object of this name.
    #[error("no object {0}")]
    NotFound(String),
    /// The disk or quota under the store is full. What was stored is safe.
    #[error("no space left in the chunk store")]
    NoSpace,
    /// The store did not do it now (network, throttling, an I/O error); trying again may help.
    #[error("{0}")]
    Unavailable(String),
    /// The store will not do it (wrong credentials, no such bucket, a malformed name); trying again will not help.
    #[error("{0}")]
    Refused(String),
}
