//! Looking over what lies in a data directory while no server runs on it: `volumes.rs` the volumes and what the catalog says of them,
//! `chunks.rs` the snapshots.

pub mod chunks;
pub mod volumes;

use std::ops::Range;
use volume::Severity;

/// Something that was found, wherever it is.
pub struct Problem {
    pub severity: Severity,
    /// A path, or the name of an object.
    pub place: String,
    /// Bytes of the volume or snapshot that it is about.
    pub bytes: Option<Range<u64>>,
    pub what: String,
    pub consequence: String,
    pub repaired: bool,
}

impl Problem {
    fn new(
        severity: Severity,
        place: impl ToString,
        what: impl ToString,
        consequence: impl ToString,
    ) -> Problem {
        Problem {
            severity,
            place: place.to_string(),
            bytes: None,
            what: what.to_string(),
            consequence: consequence.to_string(),
            repaired: false,
        }
    }

    fn damage(place: impl ToString, what: impl ToString, consequence: impl ToString) -> Problem {
        Problem::new(Severity::Damage, place, what, consequence)
    }
}

/// Hears of each problem as it is found.
pub type Report<'a> = &'a mut dyn FnMut(Problem);
