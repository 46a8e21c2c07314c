//! `sealvol scrub`: reads every stored snapshot whole and tells what is damaged. It needs no key (everything is named by a hash of its
//! ciphertext) and no running server; beside a running one it may find objects that nobody names yet. Exit status 1 if something is
//! damaged or missing.

use super::print;
use crate::ScrubArguments;
use base::Fault;
use env::Env;
use serde_json::{Value, json};
use snapshot::{Finding, Snapshots};

pub fn run(arguments: &ScrubArguments) -> Result<(), Fault> {
    let env = Env::real();
    let data =
        std::path::absolute(&arguments.data).map_err(|e| Fault::caused("finding the data directory", e))?;
    if arguments.chunks.is_none() && !env.files.exists(&data) {
        return Err(Fault::new(format!("there is no data directory {}", data.display())));
    }
    let store = crate::serve::open_chunks(arguments.chunks.as_deref(), &data, &env)?;
    let place = store.describe();
    let mut told = Ok(());
    let totals = Snapshots::new(store)
        .scrub(&mut |finding| {
            let line = if arguments.json { as_json(&finding).to_string() } else { as_text(&finding) };
            if told.is_ok() {
                told = print(&format!("{line}\n"));
            }
        })
        .map_err(|e| Fault::caused(format!("reading {place}"), e))?;
    told?;
    let damaged = totals.damaged;
    let summary = json!({
        "Store": place,
        "Snapshots": totals.snapshots,
        "Chunks": totals.chunks,
        "Bytes": totals.bytes,
        "Damaged": damaged,
        "Unnamed": totals.unnamed,
    });
    match arguments.json {
        true => print(&format!("{summary}\n"))?,
        false => print(&format!(
            "{place}: {} snapshots, {} chunks, {} bytes read, {damaged} damaged\n",
            totals.snapshots, totals.chunks, totals.bytes
        ))?,
    }
    match damaged {
        0 => Ok(()),
        n => Err(Fault::new(format!("{n} objects are damaged or missing"))),
    }
}

fn as_text(finding: &Finding) -> String {
    match finding {
        Finding::Manifest { region, snapshot, what } => {
            format!("{snapshot} in {region} cannot be read: its manifest is damaged: {what}")
        }
        Finding::Page { region, snapshots, object, bytes, what }
        | Finding::Chunk { region, snapshots, object, bytes, what, .. } => {
            let (from, to) = (bytes.start, bytes.end.saturating_sub(1));
            format!(
                "{} in {region}: bytes {from} to {to} cannot be read: {object}: {what}",
                snapshots.join(", ")
            )
        }
        Finding::Unnamed { object, pending: true } => {
            format!("{object} belongs to a snapshot that is not complete")
        }
        Finding::Unnamed { object, pending: false } => format!("{object} is named by no snapshot"),
    }
}

fn as_json(finding: &Finding) -> Value {
    match finding {
        Finding::Manifest { region, snapshot, what } => {
            json!({"Kind": "manifest", "Region": region, "Snapshots": [snapshot], "What": what})
        }
        Finding::Page { region, snapshots, object, bytes, what }
        | Finding::Chunk { region, snapshots, object, bytes, what, .. } => json!({
            "Kind": if matches!(finding, Finding::Chunk { .. }) { "chunk" } else { "page" },
            "Region": region,
            "Snapshots": snapshots,
            "Object": object,
            "FromByte": bytes.start,
            "ToByte": bytes.end.saturating_sub(1),
            "What": what,
        }),
        Finding::Unnamed { object, pending } => {
            json!({"Kind": "unnamed", "Object": object, "Pending": pending})
        }
    }
}
