//! A failed sync is never swallowed: at every place where a volume syncs, what was asked fails; where bytes that were accepted may be
//! lost, the volume is read-only for that reason, and stays so.
//!
//! The table is found by trying: one life of a volume, in which the first, second, third ... sync fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::{DIR, freeze, key, shared, spec};
use env::{Crash, SimFault, SimFiles, SimOp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Device, VolumeError};

const MIB: u64 = 1 << 20;
const EIO: i32 = 5;

type Step = (&'static str, fn(&Life) -> Result<(), VolumeError>);

/// A volume, once it is made.
struct Life {
    files: SimFiles,
    integrity: bool,
    device: Option<Arc<Device>>,
}

impl Life {
    fn device(&self) -> &Arc<Device> {
        self.device.as_ref().unwrap()
    }
}

/// A freeze before what is frozen is merged, and a write before each, so that every step has something to sync.
const STEPS: [Step; 10] = [
    ("flush", |life| life.device().flush()),
    ("write through", |life| life.device().write_at(&mut [2; 4096], 8192, true)),
    ("freeze", |life| volume::freeze(&[(life.device().volume().clone(), "snap-1")])),
    ("write above", |life| life.device().write_at(&mut [3; 4096], 0, true)),
    ("zero", |life| life.device().write_zeroes(8192, 4096, true, true)),
    ("thaw", |life| life.device().volume().thaw("snap-1", true)),
    ("merge", |life| life.device().volume().merge(&AtomicBool::new(false))),
    ("overwrite", |life| life.device().write_at(&mut [4; 4096], 0, true)),
    ("grow", |life| life.device().volume().grow(64 * MIB)),
    ("close", |life| life.device().close()),
];

/// Lives until a step fails: which, and how.
fn live(life: &mut Life) -> Result<(), (&'static str, VolumeError)> {
    let files = shared(&life.files);
    let make = if life.integrity { volume::create_with_integrity } else { volume::create };
    make(&files, Path::new(DIR), &spec(MIB, true)).map_err(|e| ("create", e))?;
    life.device = Some(common::open_in(files, Path::new(DIR), key(true)).map_err(|e| ("open", e))?);
    life.device().write_at(&mut [1; 4096], 0, false).map_err(|e| ("first write", e))?;
    for (name, step) in STEPS {
        step(life).map_err(|e| (name, e))?;
    }
    Ok(())
}

fn stays_read_only(device: &Device, why: &str) {
    let says = |result: Result<(), VolumeError>| match result {
        Err(VolumeError::ReadOnly(reason)) => assert_eq!(reason, why),
        other => panic!("not read-only: {other:?}"),
    };
    for _ in 0..2 {
        says(device.flush());
        says(device.write_at(&mut [9], 0, false));
        says(device.write_zeroes(0, 4096, true, true));
        says(device.trim(0, 4096));
        says(device.close());
        says(volume::freeze(&[(device.volume().clone(), "snap-late")]));
        says(device.volume().grow(1 << 30));
    }
    let mut bytes = [0; 4096];
    device.read_at(&mut bytes, 0).unwrap();
}

#[test]
fn whatever_sync_fails_somebody_is_told_and_nothing_is_durable_that_is_not() {
    let mut table = BTreeMap::<String, u32>::new();
    for (op, integrity) in
        [(SimOp::Sync, false), (SimOp::SyncDir, false), (SimOp::Sync, true), (SimOp::SyncDir, true)]
    {
        for skip in 0.. {
            let mut life = Life { files: SimFiles::new(u64::from(skip)), integrity, device: None };
            life.files.inject(SimFault { op, path: "", skip, times: 1, errno: EIO });
            let ended = live(&mut life);
            let hits = life.files.hits();
            let Some((_, path)) = hits.first() else {
                assert!(ended.is_ok() && skip > 10, "{op:?}: only {skip} of them");
                break;
            };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Err((step, error)) = ended else { panic!("{op:?} of {name} failed, and nobody was told") };
            let read_only = !error.leaves_volume_writable();
            let kind = if read_only { "read-only" } else { "failed" };
            *table.entry(format!("{step}: {op:?} of {name}: {kind}")).or_default() += 1;
            // Bytes that were accepted before may be lost: of data, and of a map that is in use. (Opening is refused then.)
            let made = ["create", "open", "freeze"].contains(&step);
            let in_use = ["map", "intents"].contains(&name.as_str()) && !made;
            let accepted = name.starts_with("data.") || name.starts_with("tags.") || in_use;
            assert!(read_only || !(op == SimOp::Sync && accepted), "{step}: {op:?} of {name}: {error}");
            if let VolumeError::ReadOnly(why) = &error {
                assert!(why.contains("os error 5"), "no reason: {why}");
                stays_read_only(life.device(), why);
            }
            // After the next start everything is as flushed at the latest.
            life.files.crash(Crash::Lost);
            if step == "create" {
                life.device = None;
                live(&mut life).unwrap();
            } else {
                let device = common::open(&life.files, true).unwrap();
                freeze(&device, "snap-again");
                device.flush().unwrap();
            }
        }
    }
    for (site, times) in &table {
        println!("{times} x {site}");
    }
    for needed in [
        "flush: Sync of data.0000: read-only",
        "flush: Sync of map: read-only",
        "freeze: Sync of stack.new: failed",
        "grow: Sync of map: read-only",
        "grow: Sync of superblock.new: failed",
        "create: Sync of superblock.new: failed",
        "open: Sync of map: failed",
        "flush: Sync of tags.0000: read-only",
        "first write: Sync of intents: read-only",
        "open: Sync of intents: failed",
        "create: Sync of intents: failed",
    ] {
        assert!(table.contains_key(needed), "{needed} did not come about");
    }
}
