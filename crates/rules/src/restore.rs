//! A volume from a snapshot: which snapshot may be named, what size results, in which order AWS looks. Source: EC2 API
//! Reference, CreateVolume; recordings of AWS (messages and order: what needs no state first, then the snapshot).
//!
//! ```text
//! before any state is read   form of the id, VolumeInitializationRate
//! then                       the snapshot: there and readable ► completed ► not larger than the size asked for
//! then                       ranges of the type over the resulting size (volume_types::shape), encryption::create
//! ```

use crate::encryption::choices;
use crate::lifecycle::snapshot::{self, SnapshotState};
use base::{Kind, Refusal, ResourceId};

/// `VolumeInitializationRate` in MiB/s.
pub const RATE_MIB: std::ops::RangeInclusive<i32> = 100..=300;

/// Reads `SnapshotId`; an empty text is none. Refusal: `InvalidSnapshotID.Malformed`.
pub fn snapshot_id(sent: Option<&str>) -> Result<Option<ResourceId>, Refusal> {
    let Some(text) = sent.filter(|s| !s.is_empty()) else { return Ok(None) };
    match ResourceId::parse_kind(text, Kind::Snapshot) {
        Ok(id) => Ok(Some(id)),
        Err(error) => Err(Refusal::new(
            "InvalidSnapshotID.Malformed",
            format!("Value ( {text} ) for parameter SNAPSHOT is invalid. "),
        )
        .because(error.to_string())),
    }
}

/// Checks `VolumeInitializationRate` (MiB/s): only together with a snapshot, and within 100 to 300. Refusals:
/// `InvalidParameterCombination`, `InvalidParameterValue`.
pub fn check_rate(rate: Option<i32>, from_snapshot: bool) -> Result<(), Refusal> {
    let Some(rate) = rate else { return Ok(()) };
    if !from_snapshot {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameter VolumeInitializationRate is supported only for volumes created from snapshots.",
        )
        .because("an empty volume has nothing to load"));
    }
    if !RATE_MIB.contains(&rate) {
        let (low, high) = (RATE_MIB.start(), RATE_MIB.end());
        return Err(Refusal::new(
            "InvalidParameterValue",
            format!(
                "Volume initialization rate of {rate} MiB/s is invalid; it must be between {low} and {high} MiB/s."
            ),
        )
        .because("a provisioned rate is from 100 to 300 MiB/s"));
    }
    Ok(())
}

/// The snapshot, as the caller may see it.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub state: SnapshotState,
    pub size_gib: u32,
}

/// The size in GiB of a volume from snapshot `id`: as asked, else the snapshot's. `found` is `None` if there is no such snapshot or
/// the caller may not see it. Refusals: `InvalidSnapshot.NotFound`, `IncorrectState`, `InvalidParameterValue` (too small).
pub fn size(id: &str, found: Option<Found>, asked: Option<i32>) -> Result<i32, Refusal> {
    let found = found.ok_or_else(|| snapshot::not_restorable(id))?;
    snapshot::may_restore(id, found.state)?;
    let least = i32::try_from(found.size_gib).unwrap_or(i32::MAX);
    match asked {
        None => Ok(least),
        Some(size) if size >= least => Ok(size),
        Some(size) => Err(Refusal::new(
            "InvalidParameterValue",
            choices::smaller_than_snapshot(size, id, found.size_gib),
        )
        .because(format!("{id} holds {least} GiB; a volume from it is at least as large"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "snap-0123456789abcdef0";

    fn code<T>(r: Result<T, Refusal>) -> String {
        r.map_or_else(|e| e.code.into_owned(), |_| "ok".into())
    }

    #[test]
    fn a_snapshot_id_has_one_form() {
        assert_eq!(snapshot_id(Some(ID)).unwrap().unwrap().as_str(), ID);
        assert_eq!(snapshot_id(None), Ok(None));
        assert_eq!(snapshot_id(Some("")), Ok(None));
        for bad in
            ["snap", "snap-1", "vol-0123456789abcdef0", "snap-0123456789ABCDEF0", " ", "../snap-01234567"]
        {
            let refusal = snapshot_id(Some(bad)).unwrap_err();
            assert_eq!(refusal.code, "InvalidSnapshotID.Malformed", "{bad}");
            assert_eq!(refusal.message, format!("Value ( {bad} ) for parameter SNAPSHOT is invalid. "));
        }
    }

    #[test]
    fn a_rate_needs_a_snapshot_and_its_range() {
        let (comb, value) = ("InvalidParameterCombination", "InvalidParameterValue");
        for (rate, from_snapshot, expected) in [
            (None, false, "ok"),
            (None, true, "ok"),
            (Some(100), true, "ok"),
            (Some(300), true, "ok"),
            (Some(99), true, value),
            (Some(301), true, value),
            (Some(0), true, value),
            (Some(-100), true, value),
            (Some(i32::MAX), true, value),
            (Some(200), false, comb),
            (Some(0), false, comb),
        ] {
            assert_eq!(code(check_rate(rate, from_snapshot)), expected, "{rate:?} {from_snapshot}");
        }
    }

    #[test]
    fn a_volume_is_at_least_as_large_as_its_snapshot() {
        let found = |state, size_gib| Some(Found { state, size_gib });
        let done = SnapshotState::Completed;
        assert_eq!(size(ID, found(done, 8), None), Ok(8));
        assert_eq!(size(ID, found(done, 8), Some(8)), Ok(8));
        assert_eq!(size(ID, found(done, 8), Some(9)), Ok(9));
        for (found, asked, expected) in [
            (found(done, 8), Some(7), "InvalidParameterValue"),
            (found(done, 8), Some(0), "InvalidParameterValue"),
            (found(done, 8), Some(i32::MIN), "InvalidParameterValue"),
            (found(SnapshotState::Pending, 8), None, "IncorrectState"),
            // The state is looked at before the size.
            (found(SnapshotState::Pending, 8), Some(1), "IncorrectState"),
            (found(SnapshotState::Error, 8), None, "IncorrectState"),
            (found(SnapshotState::Recoverable, 8), None, "InvalidSnapshot.NotFound"),
            (None, None, "InvalidSnapshot.NotFound"),
            (None, Some(1), "InvalidSnapshot.NotFound"),
        ] {
            assert_eq!(code(size(ID, found, asked)), expected, "{found:?} {asked:?}");
        }
    }
}
