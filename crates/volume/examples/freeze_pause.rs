//! How long guests wait while snapshots are taken: threads write 4 KiB at random places of a volume, first alone, then while it
//! is frozen, thawed and merged again and again. `freeze_pause <empty directory> [seconds]` prints rates and latencies.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use env::{Clock, Files, RealClock, RealFiles};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use volume::{Device, Opening, Volume, VolumeSpec};

const SIZE: u64 = 256 << 20;
const THREADS: u64 = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let dir = Path::new(&arguments[0]).to_path_buf();
    let seconds: u64 = arguments.get(1).map_or(3, |text| text.parse().unwrap());
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let spec = VolumeSpec { volume_id: "vol-1".into(), size_bytes: SIZE, encryption: None, source: None };
    volume::create(&files, &dir, &spec).unwrap();
    let volume = Volume::open(files, &dir, Opening::loaded()).unwrap();
    let device = Device::open(volume, None).unwrap();
    for at in (0..SIZE).step_by(1 << 20) {
        device.write_at(&mut vec![1; 1 << 20], at, false).unwrap();
    }
    device.flush().unwrap();
    println!("alone:");
    measure(&device, seconds, &|| RealClock::default().sleep(Duration::from_millis(50)));
    let round = AtomicU64::new(0);
    let took = Mutex::new(Vec::new());
    println!("freezing, thawing, merging:");
    measure(&device, seconds, &|| {
        let (clock, id) = (RealClock::default(), format!("snap-{}", round.fetch_add(1, Ordering::Relaxed)));
        let begun = clock.monotonic();
        volume::freeze(&[(device.volume().clone(), &id)]).unwrap();
        took.lock().unwrap().push(clock.monotonic() - begun);
        clock.sleep(Duration::from_millis(20));
        device.volume().thaw(&id, true).unwrap();
        device.volume().merge(&AtomicBool::new(false)).unwrap();
    });
    let mut took = took.into_inner().unwrap();
    took.sort();
    println!("{} freezes: median {:?}, longest {:?}", took.len(), took[took.len() / 2], took[took.len() - 1]);
}

/// Lets guests write, and `beside` run again and again.
fn measure(device: &Arc<Device>, seconds: u64, beside: &dyn Fn()) {
    let stop = Arc::new(AtomicBool::new(false));
    let guests: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (device, stop) = (device.clone(), stop.clone());
            env::spawn("guest", move || {
                let (clock, mut seed) = (RealClock::default(), thread + 1);
                let (mut latencies, mut buffer) = (Vec::new(), vec![0; 4096]);
                while !stop.load(Ordering::Relaxed) {
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let begun = clock.monotonic();
                    device.write_at(&mut buffer, (seed >> 33) % (SIZE / 4096) * 4096, false).unwrap();
                    latencies.push((clock.monotonic() - begun).as_nanos() as u64);
                }
                latencies
            })
            .unwrap()
        })
        .collect();
    let clock = RealClock::default();
    let until = clock.monotonic() + Duration::from_secs(seconds);
    while clock.monotonic() < until {
        beside();
    }
    stop.store(true, Ordering::Relaxed);
    let mut all: Vec<u64> = guests.into_iter().flat_map(|guest| guest.join().unwrap()).collect();
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize] / 1000;
    println!(
        "  {} writes/s, µs: median {}, 99% {}, 99.9% {}, 99.99% {}, longest {}",
        all.len() as u64 / seconds,
        at(0.5),
        at(0.99),
        at(0.999),
        at(0.9999),
        at(1.0)
    );
}
