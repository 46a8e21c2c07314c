//! A host that makes volumes with integrity: damage is refused at the device and told, and a crash is settled.

use super::*;
use crate::testing::{Device as Client, MARKER, Told};
use crate::{KeyService, KeyUse};
use base::{AccountId, Region};
use env::{Clock, Files, RealClock, RealFiles};

const VOLUME: &str = "vol-0123456789abcdef0";
const INSTANCE: &str = "i-00000000000000001";

/// Unencrypted volumes need no KMS.
struct NoKms;

impl KeyService for NoKms {
    fn decrypt(&self, _: &KeyUse) -> Result<DataKey, HostError> {
        Err(HostError::Fault(Fault::new("asked for a key")))
    }
}

fn host(data: &Path, integrity: bool) -> (LocalHost, Arc<Told>) {
    let store = Arc::new(snapshot::testing::MemoryStore::default());
    let options = Options { integrity, ..Options::default() };
    let (host, told) =
        (LocalHost::new(Env::real(), data, store, options).unwrap(), Arc::new(Told::default()));
    host.connect(Arc::new(NoKms), told.clone());
    (host, told)
}

fn create(host: &LocalHost) {
    let (volume_id, size_bytes) = (VOLUME.into(), 1 << 30);
    host.create_volume(&VolumeSpec { volume_id, size_bytes, encryption: None, source: None }).unwrap();
}

fn attach(host: &LocalHost) -> Client {
    let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
    let (volume, instance, request_id) = (VOLUME.into(), INSTANCE.into(), "request".into());
    let spec = AttachSpec { account, region, volume, instance, key: None, limits: None, request_id };
    Client::open(&host.attach(&spec).unwrap())
}

fn device(host: &LocalHost) -> Arc<Device> {
    host.device_for_tests(VOLUME)
}

fn has_integrity(data: &Path) -> bool {
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    volume::read_superblock(&files, &data.join("volumes").join(VOLUME)).unwrap().integrity
}

#[test]
fn damage_is_refused_at_the_device_and_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let (host, told) = host(dir.path(), true);
    create(&host);
    assert!(has_integrity(dir.path()));
    let mut client = attach(&host);
    client.write();
    assert_eq!(client.read(), MARKER);
    let data = dir.path().join("volumes").join(VOLUME).join("data.0000");
    let file = RealFiles.open(&data, false).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, 4097).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 4097).unwrap();
    let device = device(&host);
    for _ in 0..2 {
        assert!(matches!(device.read_at(&mut [0; 512], 4096), Err(VolumeError::Damaged(_))));
    }
    let told = told.0.lock();
    assert_eq!(told.iter().map(|d| d.chunk).collect::<Vec<_>>(), [0]);
    assert!(told[0].what.contains("data unit 1 "), "{}", told[0].what);
}

#[test]
fn what_a_crash_left_unsure_is_settled_after_attaching() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = host(dir.path(), true);
    create(&first);
    attach(&first).write();
    // As after `kill -9`: nobody has closed it, and what the kernel has stays.
    let after = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("volumes").join(VOLUME), after.path().join("volumes").join(VOLUME));
    RealFiles.create_dir_all(&to).unwrap();
    for name in RealFiles.list(&from).unwrap() {
        RealFiles.write_durably(&to.join(&name), &RealFiles.read(&from.join(&name)).unwrap()).unwrap();
    }
    let (second, told) = host(after.path(), false);
    create(&second);
    assert!(has_integrity(after.path()), "it stays as it was made");
    let mut client = attach(&second);
    assert_eq!(client.read(), MARKER);
    let clock = RealClock::default();
    while device(&second).is_unsure() {
        assert!(clock.monotonic() < Duration::from_secs(60), "not settled");
        clock.sleep(Duration::from_millis(10));
    }
    assert!(told.0.lock().is_empty());
}

#[test]
fn nothing_is_asked_for_by_default() {
    let dir = tempfile::tempdir().unwrap();
    let (host, _) = host(dir.path(), false);
    create(&host);
    assert!(!has_integrity(dir.path()));
    attach(&host).write();
    assert!(!device(&host).volume().has_integrity());
}
