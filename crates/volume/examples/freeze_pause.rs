//! How long guests wait while snapshots are taken. Guests write 4 KiB at random places of a volume, first alone, then while it is
//! frozen, thawed and merged again and again; the writes during the calls are told apart.
//!
//! `freeze_pause <empty directory> [seconds] [MiB] [µs between a guest's writes] [guests]`. With no pause between writes, guests
//! fill all processors and wait for each other's turns, snapshot or not; with 200 µs, what is seen is what a write waits for.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use env::{Clock, Files, RealClock, RealFiles};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use volume::{Device, Opening, Volume, VolumeSpec};

/// When a write began, and how long it took.
type Write = (Duration, Duration);

struct Load {
    bytes: u64,
    pause: Duration,
    guests: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let dir = Path::new(&arguments[0]).to_path_buf();
    let number =
        |at: usize, otherwise: u64| arguments.get(at).map_or(otherwise, |text| text.parse().unwrap());
    let seconds = Duration::from_secs(number(1, 5));
    let load = Load {
        bytes: number(2, 256) << 20,
        pause: Duration::from_micros(number(3, 200)),
        guests: number(4, 4),
    };
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let spec =
        VolumeSpec { volume_id: "vol-1".into(), size_bytes: load.bytes, encryption: None, source: None };
    volume::create(&files, &dir, &spec).unwrap();
    let volume = Volume::open(files, &dir, Opening::loaded()).unwrap();
    let device = Device::open(volume, None).unwrap();
    for at in (0..load.bytes).step_by(1 << 20) {
        device.write_at(&mut vec![1; 1 << 20], at, false).unwrap();
    }
    let clock = Arc::new(RealClock::default());
    let mut calls: Vec<Write> = Vec::new();
    let mut round = 0;
    // Much is dirty at the first call; the volume's second MiB by MiB.
    let writes = guests(&device, &clock, &load, &mut || {
        let begun = clock.monotonic();
        let (quarter, last) = (seconds / 4, begun + seconds);
        clock.sleep(quarter);
        while clock.monotonic() < last {
            let (id, at) = (format!("snap-{round}"), clock.monotonic());
            round += 1;
            volume::freeze(&[(device.volume().clone(), &id)]).unwrap();
            calls.push((at, clock.monotonic() - at));
            clock.sleep(Duration::from_millis(20));
            device.volume().thaw(&id, true).unwrap();
            let merging = device.clone();
            let merge = env::spawn("merge", move || {
                merging.volume().merge(&AtomicBool::new(false)).unwrap();
            });
            merge.unwrap().join().unwrap();
        }
    });
    let first = calls[0].0;
    let during =
        |write: &Write| calls.iter().any(|(at, took)| write.0 + write.1 >= *at && write.0 <= *at + *took);
    report("before the first snapshot", writes.iter().filter(|write| write.0 + write.1 < first));
    report("during the calls", writes.iter().filter(|write| during(write)));
    report("between (merging)", writes.iter().filter(|write| write.0 >= first && !during(write)));
    calls.sort_by_key(|call| call.1);
    println!(
        "{} calls: median {:?}, longest {:?}",
        calls.len(),
        calls[calls.len() / 2].1,
        calls[calls.len() - 1].1
    );
}

/// Lets guests write while `beside` runs.
fn guests(device: &Arc<Device>, clock: &Arc<RealClock>, load: &Load, beside: &mut dyn FnMut()) -> Vec<Write> {
    let stop = Arc::new(AtomicBool::new(false));
    let guests: Vec<_> = (0..load.guests)
        .map(|guest| {
            let (device, stop, clock) = (device.clone(), stop.clone(), clock.clone());
            let (units, pause) = (load.bytes / 4096, load.pause);
            env::spawn("guest", move || {
                let (mut writes, mut buffer, mut seed) = (Vec::new(), vec![0; 4096], guest + 1);
                while !stop.load(Ordering::Relaxed) {
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let begun = clock.monotonic();
                    device.write_at(&mut buffer, (seed >> 33) % units * 4096, false).unwrap();
                    writes.push((begun, clock.monotonic() - begun));
                    if !pause.is_zero() {
                        clock.sleep(pause);
                    }
                }
                writes
            })
            .unwrap()
        })
        .collect();
    beside();
    stop.store(true, Ordering::Relaxed);
    guests.into_iter().flat_map(|guest| guest.join().unwrap()).collect()
}

fn report<'a>(title: &str, writes: impl Iterator<Item = &'a Write>) {
    let mut all: Vec<f64> = writes.map(|write| write.1.as_secs_f64() * 1000.0).collect();
    all.sort_by(f64::total_cmp);
    let Some(longest) = all.last() else { return };
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    let over = all.iter().filter(|ms| **ms > 10.0).count();
    println!(
        "{title:<26} {:>8} writes, ms: median {:.3}, 99% {:.3}, 99.9% {:.3}, longest {longest:.3}; {over} over 10",
        all.len(),
        at(0.5),
        at(0.99),
        at(0.999)
    );
}
