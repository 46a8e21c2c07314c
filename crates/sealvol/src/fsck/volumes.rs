//! Volumes: every directory, and what the catalog says of each.

use super::{Problem, Report};
use base::Fault;
use catalog::Examined;
use ec2::rows::Volume;
use env::Files;
use rules::lifecycle::volume::VolumeState;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use volume::{Checked, Severity};

const GIB: u64 = 1 << 30;

/// How much was looked at.
#[derive(Default)]
pub struct Totals {
    pub volumes: u64,
    pub units: u64,
}

/// Checks the catalog's own structures; its volumes by their ids, if they can be read.
pub fn catalog(catalog: &Examined, place: &Path, report: Report<'_>) -> Option<BTreeMap<String, Volume>> {
    for fault in catalog.faults() {
        report(Problem::damage(place.display(), fault, "control state may be lost"));
    }
    match catalog.rows::<Volume>() {
        Ok(rows) => Some(rows.into_iter().map(|row| (row.id.clone(), row)).collect()),
        Err(error) => {
            report(Problem::damage(place.display(), error, "what it says of volumes is not checked"));
            None
        }
    }
}

/// Checks every volume below `dir`, and that those of the catalog and those on the disk are the same.
pub fn all(
    files: &Arc<dyn Files>,
    dir: &Path,
    rows: Option<&BTreeMap<String, Volume>>,
    repair: bool,
    report: Report<'_>,
) -> Result<Totals, Fault> {
    let mut totals = Totals::default();
    let names = match files.exists(dir) {
        true => files.list(dir).map_err(|e| Fault::caused(format!("listing {}", dir.display()), e))?,
        false => vec![],
    };
    for name in &names {
        let (path, name) = (dir.join(name), name.to_string_lossy());
        if !files.is_dir(&path) {
            report(Problem::new(
                Severity::Note,
                path.display(),
                "no directory of a volume",
                "none; it is left alone",
            ));
            continue;
        }
        let row = rows.and_then(|rows| rows.get(&*name));
        if let Some(row) = row
            && matches!(row.state, VolumeState::Creating | VolumeState::Deleting)
        {
            let what = format!("the volume is {}", row.state.as_str());
            report(Problem::new(
                Severity::Note,
                path.display(),
                what,
                "the server goes on with it when it starts",
            ));
            continue;
        }
        if rows.is_some() && row.is_none() {
            let follows =
                "it costs space and nobody can attach it; it is left alone, because it may be the only copy";
            report(Problem::new(
                Severity::Leftover,
                path.display(),
                "the catalog has no such volume",
                follows,
            ));
        }
        let checked = one(files, &path, repair, &mut totals, report)?;
        if let (Some(row), Some(superblock)) = (row, &checked.superblock) {
            same(row, superblock, &path, report);
        }
    }
    for row in rows.into_iter().flat_map(BTreeMap::values) {
        let settled = matches!(row.state, VolumeState::Available | VolumeState::InUse);
        if settled && !names.iter().any(|name| name.as_os_str() == row.id.as_str()) {
            let what =
                format!("the catalog has this volume ({}), its directory is missing", row.state.as_str());
            report(Problem::damage(dir.join(&row.id).display(), what, "all of its data is lost"));
        }
    }
    Ok(totals)
}

/// Checks one volume.
pub fn one(
    files: &Arc<dyn Files>,
    dir: &Path,
    repair: bool,
    totals: &mut Totals,
    report: Report<'_>,
) -> Result<Checked, Fault> {
    let mut checked = volume::check(files, dir, repair)
        .map_err(|e| Fault::caused(format!("checking {}", dir.display()), e))?;
    totals.volumes += 1;
    totals.units += checked.units_written;
    for found in std::mem::take(&mut checked.findings) {
        report(Problem {
            severity: found.severity,
            place: found.path.display().to_string(),
            bytes: found.bytes,
            what: found.what,
            consequence: found.consequence.to_owned(),
            repaired: found.repaired,
        });
    }
    Ok(checked)
}

/// What the catalog says of a volume is what its superblock says.
fn same(row: &Volume, superblock: &volume::Superblock, dir: &Path, report: Report<'_>) {
    let place = dir.join("superblock");
    let mut differs =
        |what: String| report(Problem::damage(place.display(), what, "the volume cannot be attached"));
    if superblock.volume_id != row.id {
        differs(format!("it is that of {}", superblock.volume_id));
    }
    let wanted = row.encryption.as_ref().and_then(|e| e.wrapped_key.as_deref());
    match (&row.encryption, superblock.wrapped_key()) {
        (Some(_), None) => differs("it is that of an unencrypted volume; the catalog's is encrypted".into()),
        (None, Some(_)) => differs("it is that of an encrypted volume; the catalog's is not".into()),
        (_, held) if held != wanted => {
            differs("its wrapped data key is not the one that the catalog has".into())
        }
        _ => {}
    }
    let (size, wanted) = (superblock.size_bytes, u64::from(row.size_gib) * GIB);
    if size != wanted {
        let what = format!("it says {size} bytes, the catalog {wanted}");
        let follows = "none if the volume was being modified";
        report(Problem::new(Severity::Note, place.display(), what, follows));
    }
}
