//! Everything that can go wrong in the catalog. None of it is the caller's doing: handlers turn these into faults.

use std::error::Error;

type Source = Box<dyn Error + Send + Sync>;

/// Why the catalog could not do what it was asked. The text of each variant is its message.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Run the transaction again from the start; [`crate::Catalog::transact`] does.
    #[error("what the transaction read has been changed by another one")]
    Conflict,
    /// Nothing was committed, so the transaction may be run again; [`crate::Catalog::transact`] does.
    #[error("the connection to the catalog was lost while {doing}: {source}")]
    Lost { doing: &'static str, source: Source },
    #[error("gave up after {tries} tries: other transactions kept changing the same rows")]
    Exhausted { tries: u32 },
    #[error("no connection to the catalog became free within {seconds} s")]
    Busy { seconds: u64 },
    #[error("the catalog was made by a newer version of this program ({found}; this one knows {known})")]
    TooNew { found: String, known: String },
    #[error("the catalog {path} is in use by another server")]
    Locked { path: String },
    #[error("row {key:?} of table {table} does not read: {source}")]
    Corrupt { table: &'static str, key: String, source: Source },
    #[error("the catalog is damaged: {report}")]
    Damaged { report: String },
    #[error("row {key:?} of table {table} exists already, although its key should be new")]
    Duplicate { table: &'static str, key: String },
    #[error("table {table}: {why}")]
    BadRow { table: &'static str, why: String },
    #[error("table {0} was not declared when the catalog was opened")]
    UnknownTable(&'static str),
    #[error("table {table} has no index {index}")]
    UnknownIndex { table: &'static str, index: String },
    #[error("{0:?} is not a table or index name (lower-case letters, digits and _, at most 40 bytes)")]
    BadName(&'static str),
    #[error("{0:?} is not a catalog URL (sqlite:PATH or postgres://...)")]
    BadUrl(String),
    /// The commit was asked for and no answer came: it may or may not have happened. Never retried.
    #[error("the catalog failed while committing; whether the transaction took effect is unknown: {source}")]
    OutcomeUnknown { source: Source },
    /// An earlier write failed half-way in the operating system. What the disk holds is known only after a restart.
    #[error("the catalog refuses to write since an earlier I/O error; restart the server ({cause})")]
    Broken { cause: String },
    #[error("the catalog failed while {doing}: {source}")]
    Backend { doing: &'static str, source: Source },
}

impl CatalogError {
    /// Whether running the same transaction again from its start is safe and may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, CatalogError::Conflict | CatalogError::Lost { .. })
    }

    pub(crate) fn backend(doing: &'static str, source: impl Into<Source>) -> Self {
        CatalogError::Backend { doing, source: source.into() }
    }
}

impl From<CatalogError> for base::Fault {
    fn from(error: CatalogError) -> Self {
        base::Fault::caused("using the catalog", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_keeps_the_cause_and_only_harmless_failures_are_retried() {
        let lost = || CatalogError::Lost { doing: "reading", source: "reset".into() };
        assert!(lost().is_transient() && CatalogError::Conflict.is_transient());
        for final_one in [
            CatalogError::OutcomeUnknown { source: "reset".into() },
            CatalogError::Exhausted { tries: 3 },
            CatalogError::Broken { cause: "disk".into() },
        ] {
            assert!(!final_one.is_transient(), "{final_one}");
        }
        let fault = base::Fault::from(lost());
        assert!(fault.to_string().contains("lost while reading: reset"), "{fault}");
    }
}
