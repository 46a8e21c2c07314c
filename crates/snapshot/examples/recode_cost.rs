//! What re-encrypting a stored snapshot costs on one core, beside its parts measured alone: reading the chunks' files, decrypting,
//! encrypting, writing files durably; and hashing, which our chunks need on both sides.
//!
//! `recode_cost <empty directory> [chunks] [rounds]` prints CPU and wall seconds per GiB of each; parts and whole take turns.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use chunks::FileStore;
use cipher::{DataUnit, UnitCipher};
use env::{Clock, Files, RealClock, RealFiles};
use keys::{DataKey, Secret};
use snapshot::{
    CHUNK_BYTES, Chunk, ChunkHash, ChunkSource, Control, Encryption, Recoded, Snapshots, StoreSpec,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of what is measured, with (CPU, wall) seconds of each round.
type Costs = BTreeMap<&'static str, Vec<(f64, f64)>>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let dir = Path::new(&arguments[0]).to_path_buf();
    let count: u32 = arguments.get(1).map_or(512, |text| text.parse().unwrap());
    let rounds: u32 = arguments.get(2).map_or(3, |text| text.parse().unwrap());
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let snapshots = Snapshots::new(Arc::new(FileStore::open(files.clone(), dir.join("store")).unwrap()));
    let source = Arc::new(Random(count));
    let stored = snapshots.store(&spec("snap-source", count), None, &*source, &Control::silent(2)).unwrap();
    let reader = snapshots.open(&stored.at).unwrap();
    let mut costs = Costs::new();
    for round in 0..rounds {
        parts(&mut costs, &files, &dir, count);
        let recoded = Recoded::new(reader.clone(), Some(key(0)), Some(key(1))).unwrap();
        let copy = format!("snap-{round}");
        measure(&mut costs, "6 whole", || {
            snapshots.store(&spec(&copy, count), None, &recoded, &Control::silent(1)).unwrap();
        });
        snapshots.discard("r", &copy).unwrap();
    }
    report(&costs, f64::from(count) * CHUNK_BYTES as f64 / f64::from(1 << 30));
}

/// Every part alone, over as many bytes as the whole has.
fn parts(costs: &mut Costs, files: &Arc<dyn Files>, dir: &Path, count: u32) {
    let (mut from, mut to) = (UnitCipher::new(&key(0)).unwrap(), UnitCipher::new(&key(1)).unwrap());
    let mut bytes = Random(count).chunk(0).unwrap().unwrap().into_bytes();
    let paths = chunk_files(files, &dir.join("store/r/snap-source"));
    measure(costs, "1 read", || {
        paths.iter().for_each(|path| drop(files.read(path).unwrap()));
    });
    measure(costs, "2 decrypt", || {
        (0..count).for_each(|n| from.decrypt(DataUnit(u64::from(n) * 128), &mut bytes).unwrap());
    });
    measure(costs, "3 encrypt", || {
        (0..count).for_each(|n| to.encrypt(DataUnit(u64::from(n) * 128), &mut bytes).unwrap());
    });
    measure(costs, "4 hash twice", || {
        (0..count * 2).for_each(|_| {
            std::hint::black_box(ChunkHash::of(std::hint::black_box(&bytes)));
        });
    });
    let target = dir.join("alone");
    files.create_dir_all(&target).unwrap();
    measure(costs, "5 write", || {
        for n in 0..count {
            let file = files.open(&target.join(n.to_string()), true).unwrap();
            file.write_all_at(&bytes, 0).unwrap();
            file.sync_data().unwrap();
        }
        files.sync_dir(&target).unwrap();
    });
    files.remove_dir_all(&target).unwrap();
}

fn chunk_files(files: &Arc<dyn Files>, snapshot: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for group in files.list(snapshot).unwrap() {
        let group = snapshot.join(group);
        paths.extend(files.list(&group).unwrap_or_default().into_iter().map(|name| group.join(name)));
    }
    paths.retain(|path| path.to_string_lossy().contains("/c-"));
    paths
}

fn measure(costs: &mut Costs, name: &'static str, work: impl FnOnce()) {
    let clock = RealClock::default();
    let (cpu, wall) = (cpu_seconds(), clock.monotonic());
    work();
    costs.entry(name).or_default().push((cpu_seconds() - cpu, (clock.monotonic() - wall).as_secs_f64()));
}

/// CPU time of this process, in user and kernel, in nanoseconds by the scheduler's own count.
fn cpu_seconds() -> f64 {
    let read = |path: &Path| String::from_utf8(RealFiles.read(path).unwrap_or_default()).unwrap_or_default();
    let tasks = RealFiles.list(Path::new("/proc/self/task")).unwrap();
    let spent = |task: &PathBuf| {
        let text = read(&Path::new("/proc/self/task").join(task).join("schedstat"));
        text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.iter().map(spent).sum::<f64>() / 1e9
}

fn report(costs: &Costs, gib: f64) {
    let median = |name: &str, wall: bool| {
        let mut all: Vec<f64> = costs[name].iter().map(|c| if wall { c.1 } else { c.0 } / gib).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    for name in costs.keys() {
        println!("{name:<14} {:>8.3} CPU s/GiB {:>8.3} s/GiB", median(name, false), median(name, true));
    }
    for (title, with_hash) in [("without hashing", false), ("with hashing", true)] {
        let sum = |wall| {
            costs
                .keys()
                .filter(|n| !n.starts_with('6') && (with_hash || !n.starts_with('4')))
                .map(|n| median(n, wall))
                .sum::<f64>()
        };
        println!(
            "parts {title}: {:.3} CPU s/GiB, {:.3} s/GiB; parts over whole: CPU {:.2}, wall {:.2}",
            sum(false),
            sum(true),
            sum(false) / median("6 whole", false),
            sum(true) / median("6 whole", true)
        );
    }
}

fn key(n: u8) -> DataKey {
    let mut bytes: [u8; 64] = std::array::from_fn(|at| at as u8 ^ n);
    DataKey::try_from(Secret::from_slice_wiping(&mut bytes).unwrap()).unwrap()
}

fn spec(snapshot: &str, count: u32) -> StoreSpec {
    let encryption = Encryption {
        kms_key_arn: "arn:none".into(),
        wrapped_key: vec![1; 8],
        context_id: snapshot.to_owned(),
    };
    StoreSpec {
        region: "r".into(),
        snapshot: snapshot.to_owned(),
        size_bytes: u64::from(count) * CHUNK_BYTES as u64,
        lineage: snapshot.to_owned(),
        encryption: Some(encryption),
    }
}

/// So many full chunks of noise.
struct Random(u32);

impl ChunkSource for Random {
    fn size_bytes(&self) -> u64 {
        u64::from(self.0) * CHUNK_BYTES as u64
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, snapshot::SnapshotError> {
        Ok((from..self.0).take(max).collect())
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, snapshot::SnapshotError> {
        let mut seed = u64::from(index) + 1;
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        while bytes.len() < CHUNK_BYTES {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend((seed >> 16).to_le_bytes());
        }
        Ok(Chunk::full(bytes))
    }
}
