//! A disk that fails a sync: the volume becomes read-only, that is told once, and only a new opening ends it.

use crate::{AttachSpec, HostError, Hosts, KeyService, KeyUse, LocalHost, Notices};
use base::{AccountId, Region};
use env::{Env, SimFault, SimFiles, SimOp};
use keys::DataKey;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use volume::{Damage, Device, VolumeError, VolumeSpec};

const VOLUME: &str = "vol-0123456789abcdef0";
const ONE: &str = "i-00000000000000001";
const TWO: &str = "i-00000000000000002";

struct NoKeys;

impl KeyService for NoKeys {
    fn decrypt(&self, _: &KeyUse) -> Result<DataKey, HostError> {
        panic!("the volume is not encrypted");
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Notices for Told {
    fn damaged(&self, damage: &Damage) {
        panic!("{damage:?}");
    }

    fn read_only(&self, volume: &str, why: &str) {
        self.0.lock().push(format!("{volume} {why}"));
    }
}

struct Bench {
    host: LocalHost,
    files: SimFiles,
    told: Arc<Told>,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// Sockets lie in a real directory; everything else on a disk that fails when it is told to.
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        env::Files::create_private_dir(&env::RealFiles, &dir.path().join("run")).unwrap();
        let files = SimFiles::new(1);
        let env = Env { files: Arc::new(files.clone()), ..Env::real() };
        let host = LocalHost::new(
            env,
            dir.path(),
            Arc::new(snapshot::testing::MemoryStore::default()),
            crate::Options::default(),
        )
        .unwrap();
        let told = Arc::new(Told::default());
        host.connect(Arc::new(NoKeys), told.clone());
        let spec =
            VolumeSpec { volume_id: VOLUME.into(), size_bytes: 1 << 30, encryption: None, source: None };
        host.create_volume(&spec).unwrap();
        Bench { host, files, told, _dir: dir }
    }

    fn attach(&self, instance: &str) -> Result<Arc<Device>, HostError> {
        let (account, region) =
            (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        let (volume, instance) = (VOLUME.to_owned(), instance.to_owned());
        self.host.attach(&AttachSpec {
            account,
            region,
            volume,
            instance,
            key: None,
            limits: None,
            request_id: "r".into(),
        })?;
        Ok(self.host.device_for_tests(VOLUME))
    }

    fn fail_next(&self, path: &'static str) {
        self.files.inject(SimFault { op: SimOp::Sync, path, skip: 0, times: 1, errno: 5 });
    }

    /// What was told, once so much was.
    fn told(&self, count: usize) -> Vec<String> {
        let clock = Env::real().clock;
        for _ in 0..10_000 {
            if self.told.0.lock().len() >= count {
                break;
            }
            clock.sleep(Duration::from_millis(2));
        }
        self.told.0.lock().clone()
    }
}

fn write(device: &Device, byte: u8) -> Result<(), VolumeError> {
    device.write_at(&mut [byte; 4096], 0, false)
}

fn read(device: &Device) -> u8 {
    let mut bytes = [0; 4096];
    device.read_at(&mut bytes, 0).unwrap();
    bytes[0]
}

#[test]
fn a_failed_sync_is_told_once_and_ends_with_a_new_opening() {
    for (path, doing) in [("data", "syncing data"), ("map", "syncing the map")] {
        let bench = Bench::new();
        let device = bench.attach(ONE).unwrap();
        write(&device, 1).unwrap();
        device.flush().unwrap();
        write(&device, 2).unwrap();
        device.trim(8192, 4096).unwrap();
        // So that the map has something to sync as well.
        device.write_at(&mut [9; 4096], 1 << 20, false).unwrap();
        bench.fail_next(path);
        for _ in 0..3 {
            assert!(matches!(device.flush(), Err(VolumeError::ReadOnly(_))), "{path}");
            assert!(matches!(write(&device, 3), Err(VolumeError::ReadOnly(_))), "{path}");
            assert_eq!(read(&device), 2, "reads work");
        }
        let told = bench.told(1);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("{VOLUME} {doing} failed: ")), "{told:?}");
        assert!(
            matches!(bench.attach(TWO).unwrap().flush(), Err(VolumeError::ReadOnly(_))),
            "it is the same device"
        );
        bench.host.detach(VOLUME, TWO).unwrap();
        bench.host.detach(VOLUME, ONE).unwrap();
        drop(device);
        let device = bench.attach(ONE).unwrap();
        assert_eq!(device.volume().read_only(), None);
        assert!([1, 2].contains(&read(&device)), "flushed or newer");
        write(&device, 4).unwrap();
        device.flush().unwrap();
        assert_eq!((read(&device), bench.told(1).len()), (4, 1));
    }
}

#[test]
fn what_is_read_only_is_not_opened_twice_at_once() {
    let bench = Bench::new();
    let device = bench.attach(ONE).unwrap();
    write(&device, 1).unwrap();
    bench.fail_next("data");
    device.flush().unwrap_err();
    bench.host.detach(VOLUME, ONE).unwrap();
    // Somebody, a thread that stores a snapshot, say, still has it.
    let Err(HostError::Fault(fault)) = bench.attach(ONE) else {
        panic!("it was opened, or refused for ever")
    };
    assert!(fault.to_string().contains("read-only because syncing data failed"), "{fault}");
    drop(device);
    bench.attach(ONE).unwrap().flush().unwrap();
}

#[test]
fn a_full_disk_is_no_failed_one() {
    let bench = Bench::new();
    let device = bench.attach(ONE).unwrap();
    write(&device, 1).unwrap();
    bench.files.inject(SimFault { op: SimOp::Write, path: "map", skip: 0, times: 1, errno: 28 });
    assert!(matches!(device.flush(), Err(VolumeError::NoSpace)));
    write(&device, 2).unwrap();
    device.flush().unwrap();
    assert_eq!((bench.told(0).len(), device.volume().read_only()), (0, None));
}
