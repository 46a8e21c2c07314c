//! What a volume promises that is made from a stored snapshot, one statement at a time.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::chunks::{Chunks, Stored, chunk, open_from, origin, overlay};
use common::{DIR, freeze, indices, read, shared, spec, write};
use env::{Crash, SimFault, SimFiles, SimOp};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use volume::{Damage, Device, ExtentKind, VolumeError};

const GIB: u64 = 1 << 30;
const CHUNK: u64 = 512 << 10;

/// A volume made from a snapshot that holds chunks 1, 2 and 70, and who is told of damage.
struct Restored {
    files: SimFiles,
    source: Arc<Stored>,
    told: Arc<Mutex<Vec<Damage>>>,
}

impl Restored {
    fn new() -> Restored {
        let chunks = [1, 2, 70].map(|index| (index, chunk(index, true, |n| (n != 3).then_some(index as u8))));
        let source =
            Arc::new(Stored { size_bytes: GIB, chunks: chunks.into_iter().collect(), ..Stored::default() });
        let (files, at) = (SimFiles::new(1), origin());
        let mut spec = spec(2 * GIB, true);
        spec.source = Some(at);
        volume::create(&shared(&files), Path::new(DIR), &spec).unwrap();
        Restored { files, source, told: Arc::default() }
    }

    fn open(&self) -> Arc<Device> {
        let told = self.told.clone();
        let on_damage = move |damage| told.lock().unwrap().push(damage);
        open_from(shared(&self.files), Path::new(DIR), Some(self.source.clone()), true, on_damage).unwrap()
    }

    fn fetched(&self) -> u64 {
        self.source.fetched.load(Ordering::Relaxed)
    }

    fn load_all(&self, device: &Device) -> Result<(), VolumeError> {
        device.volume().load_all(&|_, _| {}, &AtomicBool::new(false))
    }
}

#[test]
fn chunks_are_loaded_when_they_are_read_and_only_then() {
    let restored = Restored::new();
    let device = restored.open();
    assert_eq!(device.volume().source(), Some(origin()));
    assert_eq!(read(&device, 2 * GIB - 4096, 4096), [0; 4096]);
    let kinds: Vec<_> = device.extents(0, 2 * GIB, 9).unwrap().iter().map(|e| (e.len, e.kind)).collect();
    let hole = ExtentKind::Zero { hole: true };
    let gap = [(CHUNK, hole), (2 * CHUNK, ExtentKind::Data), (67 * CHUNK, hole), (CHUNK, ExtentKind::Data)];
    assert_eq!((&kinds[..4], restored.fetched()), (&gap[..], 0));
    // A whole unit is written without loading; a part of one needs its chunk.
    write(&device, CHUNK, &[9; 4096]);
    device.trim(CHUNK + 4096, 4096).unwrap();
    assert_eq!(restored.fetched(), 0);
    write(&device, CHUNK + 8192, &[8; 10]);
    assert_eq!(restored.fetched(), 1);
    let expected =
        [vec![9; 4096], vec![0; 4096], vec![8; 10], vec![1; 4086], vec![0; 4096], vec![1; 4096]].concat();
    assert_eq!(read(&device, CHUNK, 5 * 4096), expected);
    assert_eq!(read(&device, 71 * CHUNK - 1, 2), [70, 0]);
    assert_eq!(restored.fetched(), 2);
    device.close().unwrap();
    restored.files.crash(Crash::Lost);
    let device = restored.open();
    assert_eq!(read(&device, CHUNK, 5 * 4096), expected);
    assert_eq!(restored.fetched(), 2, "loaded chunks are durable");
    assert_eq!(device.volume().base().as_deref(), Some("snap-origin"));
    freeze(&device, "snap-1");
    assert_eq!(indices(device.volume(), "snap-1", true), [1], "what is loaded has not changed");
    assert_eq!(indices(device.volume(), "snap-1", false), [1, 2, 70]);
}

#[test]
fn everything_is_loaded_in_the_end_and_the_source_is_let_go_of_for_ever() {
    let restored = Restored::new();
    let device = restored.open();
    let (seen, stop) = (Mutex::new(Vec::new()), AtomicBool::new(true));
    let load = |stop| device.volume().load_all(&|done, total| seen.lock().unwrap().push((done, total)), stop);
    assert!(matches!(load(&stop), Err(VolumeError::Stopped)));
    freeze(&device, "snap-1");
    stop.store(false, Ordering::Relaxed);
    load(&stop).unwrap();
    load(&stop).unwrap();
    assert_eq!(seen.lock().unwrap()[..], [(0, 3), (3, 3)]);
    assert_eq!((device.volume().source(), restored.fetched()), (None, 3));
    let source = device.volume().frozen("snap-1", false).unwrap();
    let all = overlay(&Chunks::new(), &source).unwrap();
    assert!(all == restored.source.chunks, "a frozen snapshot lies between");
    drop((device, source));
    restored.files.crash(Crash::Lost);
    // Nobody is asked for the source.
    let device = common::open(&restored.files, true).unwrap();
    assert_eq!(read(&device, 70 * CHUNK, 4096), [70; 4096]);
    assert_eq!(device.volume().base().as_deref(), Some("snap-origin"));
    // Making it again, as a job does after a crash, changes nothing.
    let mut spec = spec(2 * GIB, true);
    spec.source = Some(origin());
    volume::create(&shared(&restored.files), Path::new(DIR), &spec).unwrap();
    assert_eq!(device.volume().source(), None);
}

#[test]
fn a_damaged_chunk_fails_its_own_units_is_told_and_heals_by_whole_writes() {
    let restored = Restored::new();
    let device = restored.open();
    let damaged = |result: Result<(), VolumeError>| matches!(result, Err(VolumeError::Damaged(_)));
    restored.source.damaged.lock().unwrap().insert(2);
    assert_eq!(read(&device, CHUNK, 4096), [1; 4096]);
    assert!(damaged(device.read_at(&mut [0; 1], 2 * CHUNK)));
    assert!(damaged(device.read_at(&mut [0; 8192], 2 * CHUNK - 4096)), "a range that touches it");
    assert!(damaged(device.write_at(&mut [5; 10], 2 * CHUNK, false)), "a part of a unit");
    let first = restored.told.lock().unwrap()[0].clone();
    assert_eq!((first.volume.as_str(), first.chunk), ("vol-0123456789abcdef0", 2));
    write(&device, 2 * CHUNK, &[7; 4096]);
    device.trim(2 * CHUNK + 4096, 4096).unwrap();
    assert_eq!(read(&device, 2 * CHUNK, 8192), [[7; 4096], [0; 4096]].concat());
    assert!(damaged(device.read_at(&mut [0; 1], 2 * CHUNK + 8192)), "the others");
    // Everything else is loaded, and the source stays for the rest.
    assert!(damaged(restored.load_all(&device)));
    assert_eq!(read(&device, 70 * CHUNK, 4096), [70; 4096]);
    assert!(device.volume().source().is_some());
    device.write_zeroes(2 * CHUNK + 8192, CHUNK - 8192, false, false).unwrap();
    restored.load_all(&device).unwrap();
    assert!(device.volume().source().is_none());
    assert_eq!(read(&device, 2 * CHUNK, 12288), [[7; 4096], [0; 4096], [0; 4096]].concat());
}

#[test]
fn a_source_that_is_away_fails_what_needs_it_and_a_full_disk_does_not_keep_from_reading() {
    let restored = Restored::new();
    let device = restored.open();
    *restored.source.away.lock().unwrap() = true;
    assert!(matches!(device.read_at(&mut [0; 1], CHUNK), Err(VolumeError::Source(_))));
    assert!(matches!(restored.load_all(&device), Err(VolumeError::Source(_))));
    assert!(restored.told.lock().unwrap().is_empty(), "being away is no damage");
    // What may be there is masked all the same.
    device.trim(CHUNK, 4096).unwrap();
    write(&device, CHUNK + 4096, &[6; 4096]);
    *restored.source.away.lock().unwrap() = false;
    let full = SimFault { op: SimOp::Write, path: "data.", skip: 0, times: 99, errno: 28 };
    restored.files.inject(full);
    let expected = [[0; 4096], [6; 4096], [1; 4096], [0; 4096], [1; 4096]].concat();
    assert_eq!(read(&device, CHUNK, 5 * 4096), expected);
    assert_eq!(read(&device, 2 * CHUNK - 4096, 8192), [[1; 4096], [2; 4096]].concat());
    assert!(matches!(device.write_at(&mut [1], 2 * CHUNK, false), Err(VolumeError::NoSpace)));
    restored.files.heal();
    restored.load_all(&device).unwrap();
    assert_eq!(read(&device, CHUNK, 5 * 4096), expected);
}

#[test]
fn what_a_guest_reads_during_loading_is_fetched_once_and_written_over_as_if_it_were_there() {
    let restored = Restored::new();
    let device = restored.open();
    let unit = |n: u64| 70 * CHUNK + n * 4096;
    let guest = |done: u64, total: u64| {
        if done > 0 {
            return;
        }
        assert_eq!((total, restored.fetched()), (3, 0));
        assert_eq!(read(&device, unit(0), CHUNK as usize), whole(70));
        assert_eq!(restored.fetched(), 1);
        // The chunk is with the background and not in the layer yet.
        assert_eq!(restored.files.bytes_held(&Path::new(DIR).join("data.0000")), 0);
        write(&device, unit(1), &[7; 4096]);
        device.trim(unit(2), 4096).unwrap();
        assert_eq!(read(&device, unit(0), 4 * 4096), [[70; 4096], [7; 4096], [0; 4096], [0; 4096]].concat());
        write(&device, unit(4) + 5, &[8; 5]);
        assert_eq!(read(&device, unit(4), 12), [vec![70; 5], vec![8; 5], vec![70; 2]].concat());
        assert_eq!(restored.fetched(), 1, "also for a part of a unit");
        // Read and left to the background again, when a snapshot is taken.
        assert_eq!(read(&device, 2 * CHUNK, 4096), [2; 4096]);
        freeze(&device, "snap-1");
        write(&device, 2 * CHUNK, &[9; 4096]);
    };
    device.volume().load_all(&guest, &AtomicBool::new(false)).unwrap();
    assert_eq!((device.volume().source(), restored.fetched()), (None, 3));
    restored.files.crash(Crash::Lost);
    let device = common::open(&restored.files, true).unwrap();
    let mut expected = whole(70);
    expected[4096..8192].fill(7);
    expected[8192..12288].fill(0);
    expected[4 * 4096 + 5..4 * 4096 + 10].fill(8);
    // Not flushed after the freeze, so the write to chunk 2 may be lost, and nothing else.
    assert_eq!(read(&device, unit(0), CHUNK as usize), expected);
    assert_eq!(read(&device, CHUNK, CHUNK as usize), whole(1));
    assert_eq!(read(&device, 2 * CHUNK + 4096, CHUNK as usize - 4096), whole(2)[4096..]);
    let frozen = device.volume().frozen("snap-1", false).unwrap();
    let held = common::chunks::plain(2, frozen.chunk(2).unwrap().unwrap(), true);
    assert!(held == whole(2), "the instant was before the write");
}

#[test]
fn a_guest_that_reads_more_than_the_background_can_take_puts_nothing_away_itself() {
    let mut restored = Restored::new();
    let chunks = (0..40).map(|index| (index, chunk(index, true, |n| (n != 3).then_some(index as u8))));
    restored.source = Arc::new(Stored { size_bytes: GIB, chunks: chunks.collect(), ..Stored::default() });
    let device = restored.open();
    let all = |device: &Device| {
        (0..40).for_each(|n| assert_eq!(read(device, u64::from(n) * CHUNK, CHUNK as usize), whole(n)));
    };
    let guest = |done: u64, _: u64| {
        if done == 0 {
            all(&device);
            assert_eq!(restored.fetched(), 40);
            assert_eq!(restored.files.bytes_held(&Path::new(DIR).join("data.0000")), 0);
        }
    };
    device.volume().load_all(&guest, &AtomicBool::new(false)).unwrap();
    assert!(restored.fetched() < 80, "the newest ones were not fetched again");
    all(&device);
    restored.files.crash(Crash::Lost);
    all(&common::open(&restored.files, true).unwrap());
}

#[test]
fn what_waits_for_the_background_is_lost_without_harm_when_that_stops() {
    let restored = Restored::new();
    let device = restored.open();
    let stop = AtomicBool::new(false);
    let guest = |_: u64, _: u64| {
        assert_eq!(read(&device, CHUNK, CHUNK as usize), whole(1));
        stop.store(true, Ordering::Relaxed);
    };
    assert!(matches!(device.volume().load_all(&guest, &stop), Err(VolumeError::Stopped)));
    assert_eq!(restored.fetched(), 1);
    assert_eq!(read(&device, CHUNK, CHUNK as usize), whole(1));
    assert_eq!(restored.fetched(), 2, "fetched again, and kept, because nobody loads");
    assert_eq!(read(&device, CHUNK, CHUNK as usize), whole(1));
    assert_eq!(restored.fetched(), 2);
    // A full disk in the background: guests read on, and the load says so.
    let full = SimFault { op: SimOp::Write, path: "data.", skip: 0, times: 99, errno: 28 };
    restored.files.inject(full);
    let guest = |_: u64, _: u64| assert_eq!(read(&device, 2 * CHUNK, CHUNK as usize), whole(2));
    let failed = device.volume().load_all(&guest, &AtomicBool::new(false));
    assert!(matches!(failed, Err(VolumeError::NoSpace)), "{failed:?}");
    restored.files.heal();
    restored.load_all(&device).unwrap();
    assert_eq!(read(&device, 2 * CHUNK, CHUNK as usize), whole(2));
}

/// The plaintext of one of the chunks.
fn whole(index: u8) -> Vec<u8> {
    let mut bytes = vec![index; CHUNK as usize];
    bytes[3 * 4096..4 * 4096].fill(0);
    bytes
}
