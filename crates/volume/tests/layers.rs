//! What a volume promises about its layers and its frozen snapshots, one statement at a time.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::chunks::plain;
use common::{DIR, freeze, held, indices, key, made, merge, read, shared, spec, write};
use env::{Crash, Files, SimFault, SimFiles, SimOp, SimTamper, Tamper};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Device, Extent, ExtentKind, Opening, Volume, VolumeError};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
const CHUNK: u64 = 512 << 10;

fn at_rest(files: &SimFiles) -> Result<Arc<Volume>, VolumeError> {
    Volume::open(shared(files), Path::new(DIR), Opening::loaded())
}

fn layers(files: &SimFiles) -> Vec<PathBuf> {
    let names = files.list(Path::new(DIR)).unwrap();
    names.into_iter().filter(|name| name.to_string_lossy().starts_with("layer.")).collect()
}

#[test]
fn a_frozen_snapshot_keeps_its_bytes_whatever_is_written_trimmed_and_merged_later() {
    let (files, device) = made(1, GIB, true);
    write(&device, 0, &[1; 12288]);
    freeze(&device, "snap-1");
    write(&device, 100, &[2; 100]);
    device.trim(4096, 4096).unwrap();
    freeze(&device, "snap-2");
    write(&device, 0, &[3; 4096]);
    device.flush().unwrap();
    merge(&device);
    let bytes = |id: &str| {
        let chunk = device.volume().frozen(id, false).unwrap().chunk(0).unwrap().unwrap();
        plain(0, chunk, true)[..12288].to_vec()
    };
    let second = [vec![1; 100], vec![2; 100], vec![1; 3896], vec![0; 4096], vec![1; 4096]].concat();
    for _ in 0..2 {
        assert!(bytes("snap-1") == [1; 12288] && bytes("snap-2") == second);
        // The middle layer goes down once nothing is frozen below it.
        device.volume().thaw("snap-none", true).unwrap();
    }
    device.volume().thaw("snap-1", false).unwrap();
    merge(&device);
    assert!(bytes("snap-2") == second, "merged below a frozen snapshot");
    assert_eq!(layers(&files).len(), 1);
    device.volume().thaw("snap-2", true).unwrap();
    merge(&device);
    assert_eq!(layers(&files).len(), 0);
    assert_eq!(read(&device, 0, 12288), [[3; 4096], [0; 4096], [1; 4096]].concat());
}

#[test]
fn holes_are_not_punched_in_frozen_layers_and_their_space_comes_back_with_the_merge() {
    let (files, device) = made(1, GIB, true);
    write(&device, 0, &[1; 16384]);
    device.flush().unwrap();
    freeze(&device, "snap-1");
    device.trim(0, 8192).unwrap();
    write(&device, 8192, &[2; 4096]);
    device.flush().unwrap();
    assert_eq!((held(&files, "data.0000"), held(&files, "layer.0001/data.0000")), (16384, 4096));
    assert_eq!(read(&device, 0, 16384), [vec![0; 8192], vec![2; 4096], vec![1; 4096]].concat());
    device.volume().thaw("snap-1", true).unwrap();
    merge(&device);
    assert_eq!(held(&files, "data.0000"), 8192);
    assert!(!files.exists(&Path::new(DIR).join("layer.0001")));
    assert_eq!(read(&device, 0, 16384), [vec![0; 8192], vec![2; 4096], vec![1; 4096]].concat());
}

#[test]
fn zeros_over_nothing_write_nothing_in_a_stack_either() {
    let (files, device) = made(1, TIB, true);
    write(&device, TIB / 2, &[1; 4096]);
    freeze(&device, "snap-1");
    device.write_zeroes(1, TIB - 2, true, true).unwrap();
    // One page of map, for the page that the layer below has.
    assert!(held(&files, "layer.0001/map") <= 4096, "{}", held(&files, "layer.0001/map"));
    assert_eq!(read(&device, TIB / 2, 4096), [0; 4096]);
    let extents = device.extents(TIB / 2 - 4096, 12288, 9).unwrap();
    let (hole, zero) = (ExtentKind::Zero { hole: true }, ExtentKind::Zero { hole: false });
    let expected = [(4096, hole), (4096, zero), (4096, hole)].map(|(len, kind)| Extent { len, kind });
    assert_eq!(extents, expected);
    assert_eq!(indices(device.volume(), "snap-1", false), [(TIB / 2 / CHUNK) as u32]);
}

#[test]
fn only_what_changed_since_the_base_is_listed() {
    let (files, device) = made(1, GIB, true);
    let volume = device.volume().clone();
    for chunk in [0, 1, 5, 100] {
        write(&device, chunk * CHUNK, &[1; 4096]);
    }
    freeze(&device, "snap-1");
    assert!(matches!(volume.frozen("snap-1", true), Err(VolumeError::BadSpec(_))), "there is no base");
    assert_eq!(indices(&volume, "snap-1", false), [0, 1, 5, 100]);
    volume.thaw("snap-1", true).unwrap();
    assert_eq!(volume.base().as_deref(), Some("snap-1"));
    merge(&device);
    // A part, a trim, a whole unit, and a unit where nothing was.
    write(&device, 10, &[2; 10]);
    device.trim(5 * CHUNK, CHUNK).unwrap();
    write(&device, 100 * CHUNK, &[1; 4096]);
    write(&device, 999 * CHUNK, &[3; 1]);
    device.close().unwrap();
    let device = common::open(&files, true).unwrap();
    freeze(&device, "snap-2");
    write(&device, CHUNK, &[9; 4096]);
    assert_eq!(indices(device.volume(), "snap-2", true), [0, 5, 100, 999]);
    // Not stored: its changes are the next one's, too.
    device.volume().thaw("snap-2", false).unwrap();
    freeze(&device, "snap-3");
    assert_eq!(indices(device.volume(), "snap-3", true), [0, 1, 5, 100, 999]);
    assert_eq!(device.volume().base().as_deref(), Some("snap-1"));
}

#[test]
fn a_write_that_failed_in_the_middle_counts_as_a_change() {
    // The data or, on a volume with integrity, their tags.
    for path in ["data.", "tags."] {
        let files = SimFiles::new(1);
        volume::create_with_integrity(&shared(&files), Path::new(DIR), &spec(GIB, false)).unwrap();
        let device = common::open(&files, false).unwrap();
        write(&device, CHUNK, &[1; 8192]);
        freeze(&device, "snap-1");
        device.volume().thaw("snap-1", true).unwrap();
        merge(&device);
        device.close().unwrap();
        let device = common::open(&files, false).unwrap();
        files.tamper(SimTamper { path, skip: 0, how: Tamper::Part { errno: 28 } });
        assert!(matches!(device.write_at(&mut [2; 8192], CHUNK, false), Err(VolumeError::NoSpace)));
        assert_ne!(read(&device, CHUNK, 8192), [1; 8192], "some of it was written");
        freeze(&device, "snap-2");
        assert_eq!(indices(device.volume(), "snap-2", true), [1], "{path}");
    }
}

#[test]
fn a_volume_that_was_not_closed_compares_everything_with_the_base() {
    let (files, device) = made(1, GIB, true);
    for chunk in [0, 7] {
        write(&device, chunk * CHUNK, &[1; 4096]);
    }
    freeze(&device, "snap-1");
    device.volume().thaw("snap-1", true).unwrap();
    merge(&device);
    write(&device, 0, &[2; 4096]);
    files.crash(Crash::Kept);
    let device = common::open(&files, true).unwrap();
    assert_eq!(read(&device, 0, 4096), [2; 4096], "the write reached the disk without its mark");
    freeze(&device, "snap-2");
    assert_eq!(indices(device.volume(), "snap-2", true), [0, 7]);
    device.volume().thaw("snap-2", true).unwrap();
    merge(&device);
    device.close().unwrap();
    let device = common::open(&files, true).unwrap();
    freeze(&device, "snap-3");
    assert_eq!(
        indices(device.volume(), "snap-3", true),
        [] as [u32; 0],
        "counting begins anew with the next base"
    );
}

#[test]
fn the_base_goes_on_in_the_order_of_freezing_and_not_under_a_reader() {
    let (_files, device) = made(1, GIB, true);
    let volume = device.volume().clone();
    for n in 0..4u64 {
        write(&device, n * CHUNK, &[1; 4096]);
        freeze(&device, &format!("snap-{n}"));
    }
    assert_eq!(volume.frozen_snapshots(), ["snap-0", "snap-1", "snap-2", "snap-3"]);
    volume.thaw("snap-0", true).unwrap();
    volume.thaw("snap-2", true).unwrap();
    assert_eq!(volume.base().as_deref(), Some("snap-0"), "snap-1 is not stored yet");
    let reader = volume.frozen("snap-3", true).unwrap();
    assert_eq!(reader.indices(0, 9).unwrap(), [1, 2, 3]);
    volume.thaw("snap-1", true).unwrap();
    assert_eq!(volume.base().as_deref(), Some("snap-0"), "snap-3 is being read since snap-0");
    assert_eq!(reader.indices(0, 9).unwrap(), [1, 2, 3]);
    volume.thaw("snap-3", true).unwrap();
    assert_eq!(volume.base().as_deref(), Some("snap-3"), "its own reader does not keep it");
    assert!(reader.chunk(1).is_err() && reader.indices(0, 1).is_err(), "read after thawing");
    assert!(matches!(volume.frozen("snap-3", false), Err(VolumeError::NotFrozen(_))));
}

#[test]
fn several_volumes_are_frozen_or_none() {
    let files = SimFiles::new(1);
    let dirs = ["/volumes/vol-a", "/volumes/vol-b"].map(Path::new);
    let open = || {
        dirs.map(|dir| {
            volume::create(&shared(&files), dir, &spec(GIB, true)).unwrap();
            common::open_in(shared(&files), dir, key(true)).unwrap()
        })
    };
    let devices = open();
    let set = |devices: &[Arc<Device>; 2]| {
        let volumes = [devices[0].volume().clone(), devices[1].volume().clone()];
        volume::freeze(&[(volumes[0].clone(), "snap-a"), (volumes[1].clone(), "snap-b")])
    };
    // Full while the second volume's frozen snapshot is to be recorded.
    files.inject(SimFault { op: SimOp::Write, path: "vol-b/stack", skip: 1, times: 1, errno: 28 });
    write(&devices[0], 0, &[1; 4096]);
    assert!(matches!(set(&devices), Err(VolumeError::NoSpace)));
    files.heal();
    for device in &devices {
        assert_eq!(device.volume().frozen_snapshots(), [] as [String; 0]);
    }
    // The power goes there: one is frozen and the other not. The set gets a new instant.
    write(&devices[0], 0, &[2; 4096]);
    files.inject(SimFault { op: SimOp::Write, path: "vol-b/stack", skip: 1, times: 99, errno: 5 });
    files.inject(SimFault { op: SimOp::Write, path: "vol-a/stack", skip: 2, times: 99, errno: 5 });
    assert!(set(&devices).is_err());
    files.crash(Crash::Kept);
    let devices = open();
    let frozen = devices.each_ref().map(|device| device.volume().frozen_snapshots().len());
    assert_eq!(frozen, [1, 0], "the case that is meant");
    write(&devices[0], 0, &[3; 4096]);
    set(&devices).unwrap();
    set(&devices).unwrap();
    write(&devices[0], 0, &[4; 4096]);
    let chunk = devices[0].volume().frozen("snap-a", false).unwrap().chunk(0).unwrap().unwrap();
    assert_eq!(plain(0, chunk, true)[..4096], [3; 4096]);
    assert_eq!(indices(devices[1].volume(), "snap-b", false), [] as [u32; 0]);
}

#[test]
fn a_full_disk_leaves_nothing_half_frozen_and_a_merge_that_goes_on_later() {
    let full = |op, path, skip| SimFault { op, path, skip, times: 1, errno: 28 };
    for fault in [
        full(SimOp::Write, "map", 0),
        full(SimOp::Open, "layer.", 0),
        full(SimOp::Open, "layer.", 1),
        full(SimOp::SetLen, "layer.", 0),
        full(SimOp::Write, "stack", 0),
        full(SimOp::Write, "stack", 1),
    ] {
        let (files, device) = made(1, GIB, true);
        write(&device, 0, &[1; 4096]);
        files.inject(fault.clone());
        let result = volume::freeze(&[(device.volume().clone(), "snap-1")]);
        assert!(matches!(result, Err(VolumeError::NoSpace)), "{fault:?}: {result:?}");
        assert_eq!(device.volume().frozen_snapshots(), [] as [String; 0]);
        assert_eq!(layers(&files), [] as [PathBuf; 0], "{fault:?}");
        freeze(&device, "snap-1");
        write(&device, 0, &[2; 8192]);
        device.volume().thaw("snap-1", true).unwrap();
        files.inject(full(SimOp::Write, "/data.0000", 0));
        let stopped = device.volume().merge(&AtomicBool::new(false));
        assert!(matches!(stopped, Err(VolumeError::NoSpace)), "{stopped:?}");
        assert_eq!(read(&device, 0, 8192), [2; 8192]);
        merge(&device);
        assert_eq!((read(&device, 0, 8192), layers(&files).len()), (vec![2; 8192], 0));
    }
}

#[test]
fn after_a_failed_sync_nothing_is_frozen() {
    // The map of the new layer is synced first, which may fail without harm; the directory for the new layer, twice, and then for the
    // record, which may be the new one by then.
    for (op, path, skip) in [(SimOp::Sync, "data.", 0), (SimOp::Sync, "map", 1), (SimOp::SyncDir, "vol-", 2)]
    {
        let (files, device) = made(1, GIB, true);
        write(&device, 0, &[1; 4096]);
        files.inject(SimFault { op, path, skip, times: 1, errno: 5 });
        for snapshot in ["snap-1", "snap-1", "snap-2"] {
            let result = volume::freeze(&[(device.volume().clone(), snapshot)]);
            assert!(matches!(result, Err(VolumeError::ReadOnly(_))), "{path}: {result:?}");
        }
        assert_eq!(device.volume().frozen_snapshots(), [] as [String; 0]);
        assert!(device.write_at(&mut [1], 0, false).is_err());
        assert_eq!(read(&device, 0, 4096), [1; 4096]);
        files.crash(Crash::Kept);
        assert!(common::open(&files, true).is_ok(), "{path}");
    }
}

#[test]
fn a_volume_grows_in_all_its_layers_and_its_frozen_snapshots_do_not() {
    let (files, device) = made(1, 3 * MIB, true);
    write(&device, 3 * MIB - 1, &[1]);
    freeze(&device, "snap-1");
    let volume = device.volume();
    for bad in [3 * MIB - 4096, 3 * MIB + 1, 65 * TIB] {
        assert!(matches!(volume.grow(bad), Err(VolumeError::BadSpec(_))), "{bad}");
    }
    volume.grow(3 * MIB).unwrap();
    volume.grow(64 * TIB).unwrap();
    assert_eq!((device.size_bytes(), volume.superblock().size_bytes), (64 * TIB, 64 * TIB));
    write(&device, 64 * TIB - 3, &[7; 3]);
    device.flush().unwrap();
    files.crash(Crash::Lost);
    let device = common::open(&files, true).unwrap();
    assert_eq!(read(&device, 64 * TIB - 4, 4), [0, 7, 7, 7]);
    assert_eq!(read(&device, 3 * MIB - 2, 4), [0, 1, 0, 0]);
    let source = device.volume().frozen("snap-1", false).unwrap();
    assert_eq!((source.size_bytes(), source.indices(0, 99).unwrap()), (3 * MIB, vec![5]));
    device.volume().thaw("snap-1", true).unwrap();
}

#[test]
fn power_may_go_at_any_point_of_growing() {
    for (cut, how) in (1..14).flat_map(|cut| [Crash::Lost, Crash::Kept, Crash::Mixed].map(|how| (cut, how))) {
        let (files, device) = made(cut, 3 * MIB, false);
        write(&device, 0, &[1; 4096]);
        freeze(&device, "snap-1");
        files.cut_power_after(cut);
        let grown = device.volume().grow(GIB);
        files.crash(how);
        let device = common::open(&files, false).unwrap();
        let size = device.size_bytes();
        assert!(size == GIB || grown.is_err() && size == 3 * MIB, "{cut} {how:?}: {size}");
        device.volume().grow(GIB).unwrap();
        assert_eq!(read(&device, GIB - 4096, 4096), [0; 4096]);
        assert_eq!(read(&device, 0, 4096), [1; 4096]);
    }
}

#[test]
fn what_an_interrupted_freeze_left_is_cleared_away_and_a_missing_record_is_damage() {
    let (files, device) = made(1, GIB, true);
    write(&device, 0, &[1; 4096]);
    device.close().unwrap();
    let stray = Path::new(DIR).join("layer.0009");
    files.create_dir_all(&stray).unwrap();
    files.open(&stray.join("map"), true).unwrap();
    at_rest(&files).unwrap();
    assert_eq!(layers(&files), [] as [PathBuf; 0]);
    files.remove_file(&Path::new(DIR).join("stack")).unwrap();
    assert!(matches!(at_rest(&files), Err(VolumeError::Damaged(_))));
}
