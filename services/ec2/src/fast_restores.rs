//! Fast snapshot restore as rows: one for each snapshot and zone of an account. What may be enabled is decided in
//! `rules::lifecycle::fast_restore`.

use crate::jobs::fast_restore;
use crate::rows::{FastRestore, Snapshot};
use crate::{events, find};
use api::{Answer, Cx};
use base::{Refusal, Zone};
use rules::lifecycle::fast_restore::FastRestoreState as State;
use rules::places;
use std::collections::BTreeSet;
use wire::generated::ec2::DescribeFastSnapshotRestoreSuccessItem;

/// What the message of an event says of a snapshot that is not there any more, or not for this account.
const NOT_FOUND: &str = "Client.InvalidSnapshot.NotFound";

/// Zones as requests name them: by name or by id, not both.
#[derive(Clone, Copy, Debug)]
pub struct Zones<'a> {
    pub names: Option<&'a Vec<String>>,
    pub ids: Option<&'a Vec<String>>,
}

impl Zones<'_> {
    pub fn check(&self) -> Result<(), Refusal> {
        let given = |list: Option<&Vec<String>>| list.is_some_and(|l| !l.is_empty());
        match (given(self.names), given(self.ids)) {
            (false, false) => Err(Refusal::new(
                "MissingParameter",
                "The request must contain the parameter AvailabilityZone or AvailabilityZoneId",
            )),
            (true, true) => Err(Refusal::new(
                "InvalidParameterCombination",
                "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together",
            )),
            _ => Ok(()),
        }
    }

    /// The zones of this Region, each once.
    pub fn read(&self, cx: &Cx) -> Result<Vec<Zone>, Refusal> {
        let names =
            self.names.into_iter().flatten().map(|name| (name, places::zone_named(cx.region(), name)));
        let ids = self.ids.into_iter().flatten().map(|id| (id, places::zone_with_id(cx.region(), id)));
        let mut zones: Vec<Zone> = Vec::new();
        for (named, zone) in names.chain(ids) {
            let missing =
                || Refusal::new("InvalidZone.NotFound", format!("The zone '{named}' does not exist."));
            let zone = zone.ok_or_else(missing)?;
            if !zones.iter().any(|z| z.letter == zone.letter) {
                zones.push(zone);
            }
        }
        Ok(zones)
    }
}

/// `use1-az1` for `us-east-1a`.
pub fn zone_id(zone: &Zone) -> Option<String> {
    places::find(zone.region.as_str()).map(|facts| facts.zone_id(zone.letter))
}

/// The caller's fast restore of a snapshot in a zone.
pub fn find(cx: &mut Cx, snapshot: &str, zone: &str) -> Answer<Option<FastRestore>> {
    let key = format!("{}{snapshot}/{zone}", cx.tenant());
    Ok(cx.tx.get::<FastRestore>(&key)?)
}

pub fn state(row: &FastRestore) -> Option<State> {
    State::parse(&row.state)
}

/// A row that begins to be enabled.
pub fn new_row(cx: &Cx, snapshot: &Snapshot, zone: &Zone) -> FastRestore {
    FastRestore {
        account: cx.account().clone(),
        region: cx.region().clone(),
        snapshot: snapshot.id.clone(),
        owner: snapshot.account.clone(),
        zone: zone.to_string(),
        state: String::new(),
        enabling: None,
        optimizing: None,
        enabled: None,
        disabling: None,
        disabled: None,
    }
}

/// Brings a row into a state, with its time and event.
pub fn enter(cx: &mut Cx, row: &mut FastRestore, state: State, message: &str) -> Answer<()> {
    row.state = state.as_str().to_owned();
    let now = Some(cx.now());
    match state {
        State::Enabling => {
            (row.enabling, row.optimizing, row.enabled) = (now, None, None);
            (row.disabling, row.disabled) = (None, None);
        }
        State::Optimizing => row.optimizing = now,
        State::Enabled => row.enabled = now,
        State::Disabling => row.disabling = now,
        State::Disabled => row.disabled = now,
    }
    cx.tx.put(row)?;
    let event = events::fast_restore_changed(cx, row, message);
    cx.publish(&event)
}

/// For how many other snapshots the caller has it on. Those that are gone, or not shared with the caller any more, are disabled on this
/// occasion: they count for nothing.
pub fn others(cx: &mut Cx, snapshot: &str) -> Answer<usize> {
    let tenant = cx.tenant();
    let mut others = BTreeSet::new();
    for mut row in cx.tx.scan::<FastRestore>(&tenant, None, usize::MAX)? {
        if row.snapshot == snapshot || !state(&row).is_some_and(State::is_on) {
            continue;
        }
        if is_there(cx, &row)? {
            others.insert(row.snapshot);
        } else {
            enter(cx, &mut row, State::Disabling, NOT_FOUND)?;
            fast_restore::enqueue(cx, &row)?;
        }
    }
    Ok(others.len())
}

/// The snapshot exists for whom has its fast restore.
pub fn is_there(cx: &mut Cx, row: &FastRestore) -> Answer<bool> {
    Ok(find::snapshot_in(cx, &row.region, &row.snapshot)?.is_some())
}

/// A row as EC2 shows it. `OwnerId` is the account that enabled it.
pub fn shown(row: &FastRestore) -> DescribeFastSnapshotRestoreSuccessItem {
    let zone = places::zone_named(&row.region, &row.zone);
    DescribeFastSnapshotRestoreSuccessItem {
        snapshot_id: Some(row.snapshot.clone()),
        availability_zone: Some(row.zone.clone()),
        availability_zone_id: zone.as_ref().and_then(zone_id),
        state: Some(row.state.clone()),
        state_transition_reason: state(row).map(|s| s.reason().to_owned()),
        owner_id: Some(row.account.to_string()),
        owner_alias: None,
        enabling_time: row.enabling,
        optimizing_time: row.optimizing,
        enabled_time: row.enabled,
        disabling_time: row.disabling,
        disabled_time: row.disabled,
    }
}
