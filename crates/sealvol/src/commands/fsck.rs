//! `sealvol fsck`: looks over a data directory, one volume's directory or a chunk store while no server runs, and says in one line each
//! what is wrong, where, and what follows. With `--repair` it clears away what crashes leave over; it never guesses data. Needs no key.
//!
//! Exit status, as of fsck(8): 0 nothing wrong · 1 all that was wrong was repaired · 4 something was left · 8 it could not look.

use super::print;
use crate::FsckArguments;
use crate::fsck::volumes::{self, Totals};
use crate::fsck::{Problem, chunks};
use crate::tell::on_stderr;
use base::Fault;
use catalog::Examined;
use ec2::rows::{Snapshot, Volume};
use env::Files;
use serde_json::json;
use snapshot::ScrubTotals;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use volume::Severity;

const REPAIRED: u8 = 1;
const LEFT: u8 = 4;
const COULD_NOT_LOOK: u8 = 8;
const CATALOG: &str = "catalog.sqlite";

/// What a directory is.
enum Target {
    Data,
    Volume,
    Chunks,
}

/// What was found, by how it ended.
#[derive(Default)]
struct Count {
    notes: u64,
    repaired: u64,
    left: u64,
}

/// Runs the command; the exit status.
pub fn run(arguments: &FsckArguments) -> u8 {
    let mut count = Count::default();
    let mut told = Ok(());
    let looked = look(arguments, &mut |problem| {
        match (problem.severity, problem.repaired) {
            (Severity::Note, _) => count.notes += 1,
            (_, true) => count.repaired += 1,
            (_, false) => count.left += 1,
        }
        let line = if arguments.json { as_json(&problem).to_string() } else { as_text(&problem) };
        if told.is_ok() {
            told = print(&format!("{line}\n"));
        }
    });
    let end = looked.and_then(|(totals, scrubbed)| {
        told?;
        print(&format!("{}\n", summary(arguments.json, &totals, &scrubbed, &count)))
    });
    match (end, count) {
        (Err(fault), _) => {
            on_stderr(format_args!("sealvol: {fault}"));
            COULD_NOT_LOOK
        }
        (Ok(()), Count { left: 0, repaired: 0, .. }) => 0,
        (Ok(()), Count { left: 0, .. }) => REPAIRED,
        (Ok(()), _) => LEFT,
    }
}

fn look(arguments: &FsckArguments, report: &mut dyn FnMut(Problem)) -> Result<(Totals, ScrubTotals), Fault> {
    let env = env::Env::real();
    let files = &env.files;
    let path = std::path::absolute(&arguments.path).map_err(|e| Fault::caused("finding the directory", e))?;
    let mut totals = Totals::default();
    match target(&**files, &path)? {
        Target::Volume => {
            // Held until the end. A volume that was copied elsewhere has no server.
            let _held = held(files, path.parent().and_then(Path::parent), true)?;
            volumes::one(files, &path, arguments.repair, &mut totals, report)?;
            Ok((totals, ScrubTotals::default()))
        }
        Target::Chunks => {
            let _held = held(files, path.parent(), true)?;
            let store = chunks::in_directory(files, &path, arguments.repair, report)?;
            Ok((totals, chunks::all(store, &[], report)?))
        }
        Target::Data => {
            let catalog = held(files, Some(&path), arguments.no_catalog)?;
            let (rows, snapshots) = told_by(catalog.as_ref(), &path, report);
            let totals = volumes::all(files, &path.join("volumes"), rows.as_ref(), arguments.repair, report)?;
            let dir = path.join("chunks");
            let store = match &arguments.chunks {
                Some(url) => crate::serve::open_chunks(Some(url), &path, &env)?,
                None => chunks::in_directory(files, &dir, arguments.repair, report)?,
            };
            Ok((totals, chunks::all(store, &snapshots, report)?))
        }
    }
}

/// What the catalog says of volumes and snapshots.
fn told_by(
    catalog: Option<&Examined>,
    path: &Path,
    report: &mut dyn FnMut(Problem),
) -> (Option<BTreeMap<String, Volume>>, Vec<Snapshot>) {
    let Some(catalog) = catalog else { return (None, vec![]) };
    let rows = volumes::catalog(catalog, &path.join(CATALOG), report);
    (rows, catalog.rows::<Snapshot>().unwrap_or_default())
}

/// The catalog in `dir`, held so that no server starts meanwhile.
fn held(files: &Arc<dyn Files>, dir: Option<&Path>, may_miss: bool) -> Result<Option<Examined>, Fault> {
    let path: PathBuf = dir.unwrap_or(Path::new(".")).join(CATALOG);
    if files.exists(&path) {
        return Ok(Some(Examined::open(&path)?));
    }
    if may_miss {
        return Ok(None);
    }
    Err(Fault::new(format!(
        "there is no {}. If control state is in PostgreSQL, make sure that no server runs and say --no-catalog",
        path.display()
    )))
}

fn target(files: &dyn Files, path: &Path) -> Result<Target, Fault> {
    let has = |names: &[&str]| names.iter().any(|name| files.exists(&path.join(name)));
    if has(&[CATALOG, "volumes"]) {
        Ok(Target::Data)
    } else if has(&["superblock", "stack", "map"]) {
        Ok(Target::Volume)
    } else if has(&[".new"]) {
        Ok(Target::Chunks)
    } else {
        Err(Fault::new(format!(
            "{} is no data directory, no directory of a volume and no chunk store",
            path.display()
        )))
    }
}

fn word(problem: &Problem) -> &'static str {
    match (problem.severity, problem.repaired) {
        (Severity::Note, _) => "note",
        (_, true) => "repaired",
        (Severity::Leftover, false) => "leftover",
        (Severity::Damage, false) => "damage",
    }
}

fn as_text(problem: &Problem) -> String {
    let bytes = problem
        .bytes
        .as_ref()
        .map_or(String::new(), |bytes| format!(" bytes {} to {}:", bytes.start, bytes.end.saturating_sub(1)));
    let line = format!(
        "{:<9}{}:{bytes} {}; consequence: {}",
        word(problem),
        problem.place,
        problem.what,
        problem.consequence
    );
    line.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "Kind": word(problem),
        "Place": problem.place,
        "FromByte": problem.bytes.as_ref().map(|bytes| bytes.start),
        "ToByte": problem.bytes.as_ref().map(|bytes| bytes.end.saturating_sub(1)),
        "What": problem.what,
        "Consequence": problem.consequence,
    })
}

fn summary(as_json: bool, totals: &Totals, scrubbed: &ScrubTotals, count: &Count) -> String {
    if as_json {
        return json!({
            "Volumes": totals.volumes,
            "WrittenUnits": totals.units,
            "Snapshots": scrubbed.snapshots,
            "Chunks": scrubbed.chunks,
            "Notes": count.notes,
            "Repaired": count.repaired,
            "Left": count.left,
        })
        .to_string();
    }
    format!(
        "{} volumes, {} written units, {} snapshots, {} chunks: {} repaired, {} left, {} notes",
        totals.volumes,
        totals.units,
        scrubbed.snapshots,
        scrubbed.chunks,
        count.repaired,
        count.left,
        count.notes
    )
}
