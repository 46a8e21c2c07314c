//! What CreateSnapshot and CreateSnapshots have in common: a volume becomes the row of a pending snapshot, and the caller hears of it
//! when its point in time is durable.

use crate::find;
use crate::jobs::{self, if_there};
use crate::rows::{Encryption, FormerSnapshot, Origin, Sizes, Snapshot, Volume};
use api::{After, Answer, Cx, Failure};
use base::{Refusal, Tag, Timestamp};
use rules::lifecycle::snapshot::{self, SnapshotState};
use rules::lifecycle::volume::{self, VolumeState};
use std::time::Duration;

/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 255;
/// How often, and how long, an answer waits for the point in time.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Which row of the outcome table: there is only one.
const OUTCOME: &str = "a snapshot of an encrypted volume is encrypted under the volume's key";

/// Refuses what no snapshot of a volume can be asked with.
pub fn check(
    description: Option<&str>,
    outpost: Option<&str>,
    location: Option<&str>,
) -> Result<(), Refusal> {
    if description.is_some_and(|d| d.chars().count() > DESCRIPTION_MAX) {
        let message = format!("Description cannot be longer than {DESCRIPTION_MAX} characters");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let unsupported =
        |name: &str| Refusal::new("UnsupportedOperation", format!("The parameter {name} is not supported."));
    if outpost.is_some_and(|arn| !arn.is_empty()) {
        return Err(unsupported("OutpostArn").because("there are no Outposts here"));
    }
    match location {
        None | Some("" | "regional") => Ok(()),
        Some(_) => {
            Err(unsupported("Location").because("snapshots are regional: there are no Local Zones here"))
        }
    }
}

/// Makes the row of a pending snapshot of the volume. `set`: the id of the first snapshot of the set that it belongs to; empty if it is
/// the first itself.
pub fn begin(
    cx: &mut Cx,
    volume: &Volume,
    description: &str,
    tags: Vec<Tag>,
    set: Option<&str>,
) -> Answer<Snapshot> {
    may_be_snapshotted(cx, volume)?;
    let id = cx.door.env.ids.resource("snap");
    let set = set.map(|first| if first.is_empty() { id.clone() } else { first.to_owned() });
    let row = Snapshot {
        account: volume.account.clone(),
        region: volume.region.clone(),
        id,
        volume: volume.id.clone(),
        size_gib: volume.size_gib,
        state: SnapshotState::Pending,
        state_message: None,
        started: cx.now(),
        completed: None,
        progress: 0,
        description: description.to_owned(),
        tags,
        encryption: volume.encryption.clone().map(|e| Encryption { outcome_row: OUTCOME.to_owned(), ..e }),
        lineage: volume.lineage.clone(),
        descent: volume.descent.clone(),
        origin: Origin::Volume,
        at: None,
        sizes: Sizes::default(),
        base: None,
        base_at: None,
        frozen: false,
        public: false,
        lock: None,
        request_id: cx.request.id.clone(),
        set,
    };
    find::touch_snapshot(cx, &row.id);
    cx.tx.put(&row)?;
    Ok(row)
}

/// State of the volume, distance in time to its last snapshot, snapshots under way.
fn may_be_snapshotted(cx: &mut Cx, row: &Volume) -> Answer<()> {
    match row.state {
        VolumeState::Available | VolumeState::InUse => {}
        VolumeState::Deleting => return Err(volume::not_found(&row.id).into()),
        VolumeState::Creating => {
            let message = format!("Volume '{}' is in the '{}' state.", row.id, row.state.as_str());
            let refusal = Refusal::new("IncorrectState", message);
            return Err(refusal.because("a volume can be snapshotted once it is available").into());
        }
    }
    let earlier = of_volume(cx, &row.id)?;
    let last: Option<Timestamp> = earlier.iter().map(|s| s.started).max();
    let pending = earlier.iter().filter(|s| s.state == SnapshotState::Pending).count();
    Ok(snapshot::may_create(&row.id, &row.volume_type, last, cx.now(), pending)?)
}

/// The snapshots of a volume of the caller.
pub fn of_volume(cx: &mut Cx, volume: &str) -> Answer<Vec<Snapshot>> {
    let index = format!("{}{volume}", cx.tenant());
    let mut found = cx.tx.scan_index::<Snapshot>("volume", &index, None, usize::MAX)?;
    found.retain(|s| matches!(s.origin, Origin::Volume));
    Ok(found)
}

/// Whether the volume's store is still needed for a snapshot of it: one is pending, or was given up and not tidied away yet.
pub fn needs_store(cx: &mut Cx, row: &Volume) -> Answer<bool> {
    if of_volume(cx, &row.id)?.iter().any(|s| s.state == SnapshotState::Pending) {
        return Ok(true);
    }
    let lineage = format!("{}/{}", row.region, row.lineage);
    let given_up = cx.tx.scan_index::<FormerSnapshot>("lineage", &lineage, None, usize::MAX)?;
    let is_ours = |s: &Snapshot| s.volume == row.id && s.state == SnapshotState::Pending;
    Ok(given_up.iter().any(|f| is_ours(&f.snapshot)) || jobs::store_snapshot::are_waiting(cx, &row.id)?)
}

/// Waits until the point in time of these snapshots is durable. One that has failed or was deleted meanwhile needs no waiting: its
/// state tells.
pub fn wait_for_instant(after: &After, ids: &[String]) -> Answer<()> {
    let clock = &after.door.env.clock;
    let deadline = clock.monotonic() + WAIT_MAX;
    loop {
        let waiting = after.transact(|cx| {
            for id in ids {
                let row = if_there(find::snapshot(cx, id))?;
                if row.is_some_and(|s| s.state == SnapshotState::Pending && !s.frozen) {
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        if !waiting {
            return Ok(());
        }
        if clock.monotonic() >= deadline {
            return Err(Failure::Refused(
                Refusal::new("Unavailable", "The server is overloaded and can't handle the request.")
                    .with_status(503)
                    .because(format!(
                        "the point in time of {} was not durable after {} seconds; the snapshot stays pending and is \
                         finished as soon as the host can",
                        ids.join(", "),
                        WAIT_MAX.as_secs()
                    )),
            ));
        }
        clock.sleep(LOOK_EVERY);
    }
}
