//! What the first read of a chunk costs after a restore, beside reading it again: 512 KiB at a time from a local chunk store, alone
//! and with the background loading beside it. `first_read <empty directory> [chunks]` prints medians.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use chunks::FileStore;
use env::{Clock, Files, RealClock, RealFiles};
use keys::{DataKey, Secret};
use snapshot::{ChunkSource, Control, Reader, SnapshotRef, Snapshots, StoreSpec};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use volume::{Device, Encryption, Opening, Volume, VolumeError, VolumeSpec};

const CHUNK: u64 = 512 << 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let dir = Path::new(&arguments[0]).to_path_buf();
    let count: u64 = arguments.get(1).map_or(1024, |text| text.parse().unwrap());
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let snapshots = Snapshots::new(Arc::new(FileStore::open(files.clone(), dir.join("store")).unwrap()));
    let reader = stored(&files, &dir, &snapshots, count);
    for beside in [false, true] {
        let home = dir.join(format!("restored-{beside}"));
        let device = open(&files, &home, "vol-2", count, Some(&reader));
        let stop = Arc::new(AtomicBool::new(false));
        let loader = beside.then(|| {
            let (volume, stop) = (device.volume().clone(), stop.clone());
            env::spawn("load", move || {
                env::step_back();
                let _ = volume.load_all(&|_, _| {}, &stop);
            })
            .unwrap()
        });
        // From the end, where the background comes last.
        let places: Vec<u64> = (0..48).map(|n| (count - 1 - n * count / 128) * CHUNK).collect();
        let mut buffer = vec![0; CHUNK as usize];
        let mut read = |pause: u64| {
            let clock = RealClock::default();
            let mut took: Vec<f64> = Vec::new();
            for at in &places {
                clock.sleep(Duration::from_millis(pause));
                let begun = clock.monotonic();
                device.read_at(&mut buffer, *at).unwrap();
                took.push((clock.monotonic() - begun).as_secs_f64() * 1000.0);
            }
            took.sort_by(f64::total_cmp);
            (took[took.len() / 2], took[took.len() * 9 / 10])
        };
        let (first, warm) = (read(2), read(2));
        println!(
            "background {beside}: first {:.3} ms (90 % {:.3}), warm {:.3} ms (90 % {:.3}), ratio {:.2}",
            first.0,
            first.1,
            warm.0,
            warm.1,
            first.0 / warm.0
        );
        stop.store(true, Ordering::Relaxed);
        loader.into_iter().for_each(|loader| loader.join().unwrap());
    }
}

fn open(
    files: &Arc<dyn Files>,
    home: &Path,
    id: &str,
    count: u64,
    source: Option<&Arc<Reader>>,
) -> Arc<Device> {
    let spec = VolumeSpec {
        volume_id: id.into(),
        size_bytes: count * CHUNK,
        encryption: Some(Encryption {
            kms_key_arn: "arn:none".into(),
            wrapped_key: vec![1],
            context_id: id.into(),
        }),
        source: source.map(|reader| reader.at().clone()),
    };
    volume::create(files, home, &spec).unwrap();
    let open_source =
        |_: &SnapshotRef| -> Result<Arc<dyn ChunkSource>, VolumeError> { Ok(source.unwrap().clone()) };
    let opening = Opening { source: &open_source, on_damage: Arc::new(|_| {}), ..Opening::loaded() };
    let volume = Volume::open(files.clone(), home, opening).unwrap();
    let mut bytes: [u8; 64] = std::array::from_fn(|n| n as u8);
    let key = DataKey::try_from(Secret::from_slice_wiping(&mut bytes).unwrap()).unwrap();
    Device::open(volume, Some(key)).unwrap()
}

/// A full volume's snapshot.
fn stored(files: &Arc<dyn Files>, dir: &Path, snapshots: &Snapshots, count: u64) -> Arc<Reader> {
    let device = open(files, &dir.join("original"), "vol-1", count, None);
    for n in 0..count {
        device.write_at(&mut vec![n as u8; CHUNK as usize], n * CHUNK, false).unwrap();
    }
    volume::freeze(&[(device.volume().clone(), "snap-1")]).unwrap();
    let spec = StoreSpec {
        region: "r".into(),
        snapshot: "snap-1".into(),
        size_bytes: count * CHUNK,
        lineage: "l".into(),
        encryption: Some(snapshot::Encryption {
            kms_key_arn: "arn:none".into(),
            wrapped_key: vec![1],
            context_id: "snap-1".into(),
        }),
    };
    let source = device.volume().frozen("snap-1", false).unwrap();
    let stored = snapshots.store(&spec, None, &*source, &Control::silent(4)).unwrap();
    snapshots.open(&stored.at).unwrap()
}
