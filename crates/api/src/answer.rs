//! What a handler returns. A handler ends well, with a refusal for the caller, with a fault of ours, or because somebody
//! else changed what it had read, in which case the door runs it again.

use base::{Fault, Refusal};
use catalog::CatalogError;

/// The result of a handler.
pub type Answer<T> = Result<T, Failure>;

/// Why a handler did not end well.
#[derive(Debug)]
pub enum Failure {
    /// The caller is told no, with AWS's code; the refusal is recorded in the trail.
    Refused(Refusal),
    /// We failed. The caller hears `InternalError`, the log hears everything.
    Fault(Fault),
    /// What the handler read was changed by another transaction: run it again.
    Conflict,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Fault(fault)
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Conflict => Failure::Conflict,
            other => Failure::Fault(Fault::from(other)),
        }
    }
}
