//! Snapshots: every object of the chunk store, read whole, and the manifests that the catalog names.

use super::{Problem, Report};
use base::Fault;
use chunks::{ChunkStore, FileStore};
use ec2::rows::Snapshot;
use env::Files;
use snapshot::{Finding, ScrubTotals, Snapshots};
use std::path::Path;
use std::sync::Arc;
use volume::Severity;

/// A chunk store in a directory, as it lies there; with `repair`, without what a crash left half-written.
pub fn in_directory(
    files: &Arc<dyn Files>,
    dir: &Path,
    repair: bool,
    report: Report<'_>,
) -> Result<Arc<dyn ChunkStore>, Fault> {
    let store = FileStore::as_it_is(files.clone(), dir.to_owned());
    let failed = |e| Fault::caused(format!("looking at {}", dir.display()), e);
    for path in store.left_over().map_err(failed)? {
        let (what, follows) = ("an object that was being written when a crash came", "it costs space");
        let mut problem = Problem::new(Severity::Leftover, path.display(), what, follows);
        if repair {
            files.remove_file(&path).map_err(failed)?;
            problem.repaired = true;
        }
        report(problem);
    }
    Ok(Arc::new(store))
}

/// Reads everything.
pub fn all(store: Arc<dyn ChunkStore>, rows: &[Snapshot], report: Report<'_>) -> Result<ScrubTotals, Fault> {
    let place = store.describe();
    let failed = |e| Fault::caused(format!("reading {place}"), e);
    let snapshots = Snapshots::new(store);
    let mut told = Vec::new();
    let totals = snapshots
        .scrub(&mut |finding| {
            if let Finding::Manifest { snapshot, .. } = &finding {
                told.push(snapshot.clone());
            }
            report(problem(finding));
        })
        .map_err(failed)?;
    for row in rows.iter().filter(|row| !told.contains(&row.id)) {
        let Some(at) = &row.at else { continue };
        if let Err(error) = snapshots.open(at) {
            let object = format!("{}/{}/manifest", at.region, at.snapshot);
            report(Problem::damage(object, error, format!("{} cannot be read", row.id)));
        }
    }
    Ok(totals)
}

fn problem(finding: Finding) -> Problem {
    match finding {
        Finding::Manifest { region, snapshot, what } => {
            let follows = format!("{snapshot} cannot be read");
            Problem::damage(format!("{region}/{snapshot}/manifest"), what, follows)
        }
        Finding::Page { snapshots, object, bytes, what, .. }
        | Finding::Chunk { snapshots, object, bytes, what, .. } => {
            let follows = format!("these bytes of {} cannot be read", snapshots.join(", "));
            Problem { bytes: Some(bytes), ..Problem::damage(object, what, follows) }
        }
        Finding::Unnamed { object, pending: true } => {
            let follows = "the server goes on with it, or collects it, when it starts";
            Problem::new(Severity::Note, object, "it belongs to a snapshot that is not complete", follows)
        }
        Finding::Unnamed { object, pending: false } => {
            let follows = "it costs space until snapshots of its lineage are collected";
            Problem::new(Severity::Note, object, "no snapshot names it", follows)
        }
    }
}
