//! Guests at work on a volume while it is frozen, stored, thawed, merged, loaded and grown.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::chunks::{Chunks, Stored, chunk, open_from, origin, overlay, plain};
use common::{Dice, key, read, spec};
use env::{Clock, Files, RealClock, RealFiles};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use volume::Device;

const MIB: u64 = 1 << 20;
const SIZE: u64 = 48 * MIB;
const THREADS: u64 = 4;
/// Units of each thread, spread over regions and pages so that all threads meet in each.
const UNITS: u64 = 40;

fn unit_of(thread: u64, n: u64) -> u64 {
    // Every 67th unit of the first 42 MiB: neighbours belong to other threads.
    (n * THREADS + thread) * 67
}

/// A unit whose every 8 bytes say (thread, count): a mixture of two would show.
fn stamp(thread: u64, count: u64) -> Vec<u8> {
    ((thread + 1) << 56 | count).to_le_bytes().repeat(512)
}

fn count_of(unit: &[u8], thread: u64) -> u64 {
    let words = unit.as_chunks::<8>().0;
    assert!(words.iter().all(|word| word == &words[0]), "a mixture: {:02x?}…", &unit[..24]);
    match u64::from_le_bytes(words[0]) {
        0 => 0,
        stamped => {
            assert_eq!(stamped >> 56, thread + 1, "another thread's unit");
            stamped & (u64::MAX >> 8)
        }
    }
}

fn volume(files: &Arc<dyn Files>, root: &Path, name: &str, source: Option<Arc<Stored>>) -> Arc<Device> {
    let (dir, mut spec) = (root.join(name), spec(SIZE, true));
    spec.source = source.as_ref().map(|_| origin());
    volume::create(files, &dir, &spec).unwrap();
    open_from(files.clone(), &dir, source, true, |damage| panic!("{damage:?}")).unwrap()
}

/// Writes its units in rounds, whole, in parts that make the same whole, and now and then zeros; reads them back. Returns the
/// count that each unit ends with.
fn guest(device: &Device, thread: u64, stop: &AtomicBool, slowest: &AtomicU64) -> Vec<u64> {
    let (clock, mut dice) = (RealClock::default(), Dice(thread));
    let mut mine = vec![0; UNITS as usize];
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let n = dice.below(UNITS);
        let at = unit_of(thread, n) * 4096;
        let begun = clock.monotonic();
        match dice.below(8) {
            0 => {
                device.trim(at, 4096).unwrap();
                mine[n as usize] = 0;
            }
            1 => {
                // In a part, the rest of the unit must be the old stamp's: so write the stamp that is there.
                let old = mine[n as usize];
                let same = if old == 0 { vec![0; 4096] } else { stamp(thread, old) };
                device.write_at(&mut same[800..2000].to_vec(), at + 800, false).unwrap();
            }
            2 => {
                let found = read(device, at, 4096);
                assert_eq!(count_of(&found, thread), mine[n as usize]);
            }
            3 if dice.one_in(20) => device.flush().unwrap(),
            _ => {
                device.write_at(&mut stamp(thread, count), at, false).unwrap();
                mine[n as usize] = count;
            }
        }
        let took = clock.monotonic() - begun;
        slowest.fetch_max(took.as_micros() as u64, Ordering::Relaxed);
    }
    mine
}

fn units(device_chunks: &Chunks, thread: u64, n: u64) -> Vec<u8> {
    let unit = unit_of(thread, n);
    let index = (unit / 128) as u32;
    let bytes = device_chunks.get(&index).map_or_else(|| vec![0; 1 << 19], |c| plain(index, c.clone(), true));
    bytes[(unit % 128) as usize * 4096..][..4096].to_vec()
}

#[test]
fn guests_keep_their_bytes_while_snapshots_come_and_go() {
    let root = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    // Chunks where nobody works as well as under the guests, all zeros there so that counts begin at 0.
    let origin =
        (0..96).map(|index| (index, chunk(index, true, |n| (n % 2 == 0).then_some(0)))).collect::<Chunks>();
    let source = Arc::new(Stored { size_bytes: SIZE, chunks: origin.clone(), ..Stored::default() });
    let device = volume(&files, root.path(), "v", Some(source));
    let (stop, slowest) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let guests: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (device, stop, slowest) = (device.clone(), stop.clone(), slowest.clone());
            env::spawn("guest", move || guest(&device, thread, &stop, &slowest)).unwrap()
        })
        .collect();
    let loader = {
        let device = device.clone();
        env::spawn("loader", move || {
            device.volume().load_all(&|_, _| {}, &AtomicBool::new(false)).unwrap();
        })
        .unwrap()
    };
    let volume = device.volume().clone();
    let mut base = ("snap-origin".to_owned(), origin);
    for round in 0..12 {
        let id = format!("snap-{round}");
        volume::freeze(&[(volume.clone(), &id)]).unwrap();
        assert_eq!(volume.base().as_ref(), Some(&base.0));
        let changed = volume.frozen(&id, true).unwrap();
        let all = overlay(&base.1, &changed).unwrap();
        let full = overlay(&Chunks::new(), &volume.frozen(&id, false).unwrap()).unwrap();
        drop(changed);
        for (thread, n) in (0..THREADS).flat_map(|thread| (0..UNITS).map(move |n| (thread, n))) {
            let (one, other) = (units(&all, thread, n), units(&full, thread, n));
            assert!(
                one == other,
                "round {round}, thread {thread}, unit {n}: the changes do not make the whole"
            );
            count_of(&one, thread);
        }
        if round == 6 {
            volume.grow(SIZE + 40 * MIB).unwrap();
        }
        volume.thaw(&id, true).unwrap();
        base = (id, all);
        if round % 3 != 0 {
            volume.merge(&AtomicBool::new(false)).unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    loader.join().unwrap();
    let counts: Vec<Vec<u64>> = guests.into_iter().map(|guest| guest.join().unwrap()).collect();
    println!("slowest request: {} µs", slowest.load(Ordering::Relaxed));
    volume.merge(&AtomicBool::new(false)).unwrap();
    device.close().unwrap();
    drop((device, volume));
    let device = common::open_in(files, &root.path().join("v"), key(true)).unwrap();
    for (thread, n) in (0..THREADS).flat_map(|thread| (0..UNITS).map(move |n| (thread, n))) {
        let found = count_of(&read(&device, unit_of(thread, n) * 4096, 4096), thread);
        assert_eq!(found, counts[thread as usize][n as usize], "thread {thread}, unit {n}");
    }
    assert_eq!(device.size_bytes(), SIZE + 40 * MIB);
}

/// A guest writes a count to one volume, is answered, and then writes it to another. Frozen together, the second never holds
/// what the first does not.
#[test]
fn several_volumes_are_frozen_at_one_instant() {
    let root = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let devices = ["a", "b", "c"].map(|name| volume(&files, root.path(), name, None));
    let stop = Arc::new(AtomicBool::new(false));
    let guests: Vec<_> = (0..3u64)
        .map(|thread| {
            let (devices, stop) = (devices.clone(), stop.clone());
            env::spawn("guest", move || {
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    count += 1;
                    // Each thread begins at another volume, so that no order of locks hides a gap.
                    for n in 0..3 {
                        let device = &devices[((thread + n) % 3) as usize];
                        device.write_at(&mut stamp(thread, count), unit_of(thread, 0) * 4096, false).unwrap();
                    }
                }
                count
            })
            .unwrap()
        })
        .collect();
    let clock = RealClock::default();
    for round in 0..20 {
        clock.sleep(Duration::from_millis(3));
        let id = format!("snap-{round}");
        let set: Vec<_> = devices.iter().map(|device| (device.volume().clone(), id.as_str())).collect();
        volume::freeze(&set).unwrap();
        let all: Vec<Chunks> = devices
            .iter()
            .map(|d| overlay(&Chunks::new(), &d.volume().frozen(&id, false).unwrap()).unwrap())
            .collect();
        for thread in 0..3 {
            let counts: Vec<u64> = (0..3)
                .map(|n| count_of(&units(&all[((thread + n) % 3) as usize], thread, 0), thread))
                .collect();
            assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] <= counts[2] + 1, "{counts:?}");
        }
        for device in &devices {
            device.volume().thaw(&id, true).unwrap();
            device.volume().merge(&AtomicBool::new(false)).unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    guests.into_iter().for_each(|guest| assert!(guest.join().unwrap() > 0));
}
