//! The host on a real directory with real volumes and devices; only KMS is played. Devices are used through a socket, as a
//! hypervisor would.

use super::*;
use crate::testing::{Device, MARKER, Told};
use crate::{DecryptRequest, KeyUse};
use base::{AccountId, Region};
use env::{Files, RealFiles};
use keys::DataKey;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::sync::Weak;
use volume::Encryption;

const VOLUME: &str = "vol-0123456789abcdef0";
const ONE: &str = "i-00000000000000001";
const TWO: &str = "i-00000000000000002";

/// KMS as the test tells it to be: it remembers who asked and gives the key that a wrapped key starts with.
#[derive(Default)]
struct FakeKms {
    asked: Mutex<Vec<String>>,
    refuse: Mutex<Option<&'static str>>,
    fault: Mutex<bool>,
}

impl KeyService for FakeKms {
    fn decrypt(&self, request: &KeyUse) -> Result<DataKey, HostError> {
        let who = request.caller.arn();
        let who = who.rsplit('/').next().unwrap_or_default();
        let token = request.grant_token.clone().unwrap_or_default();
        let said = format!("{who} {} {token} {}", request.context_id, request.request_id);
        self.asked.lock().push(said);
        if let Some(message) = *self.refuse.lock() {
            return Err(HostError::Refused(Refusal::new("DisabledException", message)));
        }
        if std::mem::take(&mut *self.fault.lock()) {
            return Err(HostError::Fault(Fault::new("KMS is away")));
        }
        let mut bytes = [request.wrapped_key[0]; 64];
        bytes[32..].fill(!request.wrapped_key[0]);
        Ok(DataKey::for_tests(bytes))
    }
}

fn new_host(data: &Path) -> Result<LocalHost, Fault> {
    let store = Arc::new(snapshot::testing::MemoryStore::default());
    LocalHost::new(Env::real(), data, store, Options::default())
}

struct Bench {
    host: LocalHost,
    kms: Arc<FakeKms>,
    data: PathBuf,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().to_path_buf();
        let (host, kms) = Self::host(&data);
        Bench { host, kms, data, _dir: dir }
    }

    fn host(data: &Path) -> (LocalHost, Arc<FakeKms>) {
        let host = new_host(data).unwrap();
        let kms = Arc::new(FakeKms::default());
        host.connect(kms.clone(), Arc::new(Told::default()));
        (host, kms)
    }

    fn create(&self, wrapped: Option<&[u8]>) {
        self.host.create_volume(&volume_spec(wrapped)).unwrap();
    }

    fn attach(&self, instance: &str, wrapped: Option<&[u8]>) -> Device {
        Device::open(&self.host.attach(&spec(instance, wrapped)).unwrap())
    }

    fn sockets(&self) -> Vec<PathBuf> {
        RealFiles.list(&self.data.join("run")).unwrap()
    }

    fn asked(&self) -> usize {
        self.kms.asked.lock().len()
    }

    fn open_device(&self) -> Weak<volume::Device> {
        Arc::downgrade(self.host.inner.attached.lock().get(VOLUME).unwrap().outlet.device())
    }
}

fn volume_spec(wrapped: Option<&[u8]>) -> VolumeSpec {
    VolumeSpec {
        volume_id: VOLUME.into(),
        size_bytes: 1 << 30,
        encryption: wrapped.map(|wrapped| Encryption {
            kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
            wrapped_key: wrapped.to_vec(),
            context_id: VOLUME.into(),
        }),
        source: None,
    }
}

fn spec(instance: &str, wrapped: Option<&[u8]>) -> AttachSpec {
    AttachSpec {
        account: AccountId::parse("111122223333").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        volume: VOLUME.into(),
        instance: instance.into(),
        key: wrapped.map(|wrapped| DecryptRequest {
            wrapped_key: wrapped.to_vec(),
            context_id: VOLUME.into(),
            grant_token: "token".into(),
        }),
        limits: None,
        request_id: "request".into(),
    }
}

/// Whether any file of the volume holds the marker.
fn marker_is_on_disk(data: &Path) -> bool {
    let dir = data.join("volumes").join(VOLUME);
    RealFiles.list(&dir).unwrap().iter().any(|name| {
        let file = RealFiles.open(&dir.join(name), false).unwrap();
        let mut start = vec![0; 1 << 20];
        file.read_zero_filled_at(&mut start, 0).unwrap();
        start.windows(MARKER.len()).any(|w| w == MARKER)
    })
}

fn refusal<T>(result: Result<T, HostError>) -> Refusal {
    match result {
        Err(HostError::Refused(refusal)) => refusal,
        Err(HostError::Fault(fault)) => panic!("a fault: {fault}"),
        Ok(_) => panic!("it was done"),
    }
}

fn fault<T>(result: Result<T, HostError>) -> String {
    match result {
        Err(HostError::Fault(fault)) => fault.to_string(),
        Err(HostError::Refused(refusal)) => panic!("refused: {refusal}"),
        Ok(_) => panic!("it was done"),
    }
}

#[test]
fn what_is_written_comes_back_after_detach_and_attach_and_never_lies_plain_on_disk() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    bench.attach(ONE, Some(b"wrapped")).write();
    bench.host.detach(VOLUME, ONE).unwrap();
    assert!(!marker_is_on_disk(&bench.data));
    assert_eq!(bench.attach(TWO, Some(b"wrapped")).read(), MARKER);
    let said = |instance| format!("{instance} {VOLUME} token request");
    assert_eq!(*bench.kms.asked.lock(), [said(ONE), said(TWO)]);
}

#[test]
fn an_unencrypted_volume_asks_no_key_and_lies_plain_on_disk() {
    let bench = Bench::new();
    bench.create(None);
    bench.attach(ONE, None).write();
    bench.host.detach(VOLUME, ONE).unwrap();
    assert!(marker_is_on_disk(&bench.data), "or the search above proves nothing");
    assert_eq!(bench.asked(), 0);
}

#[test]
fn attaching_twice_is_attaching_once() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    let first = bench.host.attach(&spec(ONE, Some(b"wrapped"))).unwrap();
    let mut device = Device::open(&first);
    device.write();
    assert_eq!(bench.host.attach(&spec(ONE, Some(b"wrapped"))).unwrap(), first);
    assert_eq!(device.read(), MARKER, "the session that was there goes on");
    assert_eq!((bench.asked(), bench.sockets().len()), (1, 1));
}

#[test]
fn several_instances_share_one_open_volume_and_each_needs_the_key() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    let mut one = bench.attach(ONE, Some(b"wrapped"));
    let mut two = bench.attach(TWO, Some(b"wrapped"));
    one.write();
    assert_eq!(two.read(), MARKER);
    assert_eq!((bench.asked(), bench.sockets().len()), (2, 2));
    bench.host.detach(VOLUME, ONE).unwrap();
    assert!(one.is_gone());
    assert_eq!(two.read(), MARKER);
    assert_eq!(bench.sockets().len(), 1);
}

#[test]
fn an_instance_that_kms_refuses_gets_nothing_and_the_other_keeps_its_device() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    let mut one = bench.attach(ONE, Some(b"wrapped"));
    *bench.kms.refuse.lock() = Some("arn:k is disabled.");
    assert_eq!(refusal(bench.host.attach(&spec(TWO, Some(b"wrapped")))).message, "arn:k is disabled.");
    assert_eq!(bench.sockets().len(), 1);
    one.write();
    assert_eq!(one.read(), MARKER, "a volume in use keeps working when its key does not");
}

#[test]
fn a_refused_or_faulty_decryption_leaves_nothing_open() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    *bench.kms.refuse.lock() = Some("no");
    assert_eq!(refusal(bench.host.attach(&spec(ONE, Some(b"wrapped")))).code, "DisabledException");
    *bench.kms.refuse.lock() = None;
    *bench.kms.fault.lock() = true;
    assert_eq!(fault(bench.host.attach(&spec(ONE, Some(b"wrapped")))), "KMS is away");
    assert_eq!((bench.sockets().len(), bench.host.inner.attached.lock().len()), (0, 0));
    bench.attach(ONE, Some(b"wrapped"));
}

#[test]
fn a_wrapped_key_that_is_not_the_stores_is_refused_before_kms_is_asked() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    for wrong in [&b"wrappeD"[..], b"wrapped ", b""] {
        let refused = refusal(bench.host.attach(&spec(ONE, Some(wrong))));
        assert_eq!(refused.code, "IncorrectState", "{refused}");
    }
    assert_eq!((bench.asked(), bench.sockets().len()), (0, 0));
}

#[test]
fn a_store_and_a_catalog_that_differ_in_encryption_are_refused() {
    let encrypted = Bench::new();
    encrypted.create(Some(b"wrapped"));
    assert_eq!(refusal(encrypted.host.attach(&spec(ONE, None))).code, "IncorrectState");
    let plain = Bench::new();
    plain.create(None);
    assert_eq!(refusal(plain.host.attach(&spec(ONE, Some(b"wrapped")))).code, "IncorrectState");
    assert_eq!(plain.asked(), 0);
}

#[test]
fn a_store_that_is_gone_or_damaged_is_refused_because_waiting_does_not_help() {
    let bench = Bench::new();
    assert_eq!(refusal(bench.host.attach(&spec(ONE, Some(b"wrapped")))).code, "IncorrectState");
    bench.create(Some(b"wrapped"));
    let superblock = bench.data.join("volumes").join(VOLUME).join("superblock");
    // Every copy of it.
    let bytes: Vec<u8> = RealFiles.read(&superblock).unwrap().iter().map(|b| b ^ 1).collect();
    RealFiles.write_durably(&superblock, &bytes).unwrap();
    assert_eq!(refusal(bench.host.attach(&spec(ONE, Some(b"wrapped")))).code, "IncorrectState");
}

#[test]
fn creating_twice_is_creating_once_and_nobody_elses_store_is_touched() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    bench.attach(ONE, Some(b"wrapped")).write();
    bench.create(Some(b"wrapped"));
    // A fault and not a refusal: a refused creation is undone by removing the store.
    fault(bench.host.create_volume(&volume_spec(Some(b"another"))));
    bench.host.detach(VOLUME, ONE).unwrap();
    assert_eq!(bench.attach(ONE, Some(b"wrapped")).read(), MARKER);
}

#[test]
fn a_volume_in_use_is_not_removed_and_a_detached_one_is_removed_whole() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    bench.attach(ONE, Some(b"wrapped")).write();
    assert!(fault(bench.host.remove_volume(VOLUME)).contains("still in use"));
    bench.host.detach(VOLUME, ONE).unwrap();
    bench.host.remove_volume(VOLUME).unwrap();
    assert_eq!(RealFiles.list(&bench.data.join("volumes")).unwrap(), Vec::<PathBuf>::new());
    bench.host.remove_volume(VOLUME).unwrap();
}

#[test]
fn the_last_detachment_drops_the_volume_and_its_key() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    bench.attach(ONE, Some(b"wrapped"));
    bench.attach(TWO, Some(b"wrapped"));
    let volume = bench.open_device();
    bench.host.detach(VOLUME, ONE).unwrap();
    assert!(volume.upgrade().is_some());
    bench.host.detach(VOLUME, TWO).unwrap();
    assert!(volume.upgrade().is_none(), "somebody still holds the plaintext key");
    assert_eq!(bench.sockets().len(), 0);
}

#[test]
fn detaching_what_is_not_attached_is_fine() {
    let bench = Bench::new();
    bench.host.detach(VOLUME, ONE).unwrap();
    bench.create(Some(b"wrapped"));
    bench.host.detach(VOLUME, ONE).unwrap();
    let mut one = bench.attach(ONE, Some(b"wrapped"));
    bench.host.detach(VOLUME, TWO).unwrap();
    one.write();
    bench.host.detach(VOLUME, ONE).unwrap();
    bench.host.detach(VOLUME, ONE).unwrap();
}

#[test]
fn a_stop_ends_every_device_and_the_next_host_finds_everything() {
    let bench = Bench::new();
    bench.create(Some(b"wrapped"));
    let mut device = bench.attach(ONE, Some(b"wrapped"));
    device.write();
    let volume = bench.open_device();
    bench.host.stop();
    assert!(device.is_gone() && volume.upgrade().is_none());
    assert_eq!(bench.sockets().len(), 0);
    let (next, kms) = Bench::host(&bench.data);
    let uri = next.attach(&spec(ONE, Some(b"wrapped"))).unwrap();
    assert_eq!(Device::open(&uri).read(), MARKER);
    assert_eq!(kms.asked.lock().len(), 1, "the key was in memory only");
}

#[test]
fn a_dead_hosts_socket_does_not_stand_in_the_way() {
    let bench = Bench::new();
    bench.create(None);
    let uri = bench.host.attach(&spec(ONE, None)).unwrap();
    let path = PathBuf::from(uri.split_once("?socket=").unwrap().1);
    bench.host.stop();
    // What a killed process leaves: a socket file that nobody listens on.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    bench.attach(ONE, None).write();
}

#[test]
fn without_kms_an_encrypted_volume_waits_and_an_unencrypted_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let host = new_host(dir.path()).unwrap();
    host.create_volume(&volume_spec(Some(b"wrapped"))).unwrap();
    assert!(fault(host.attach(&spec(ONE, Some(b"wrapped")))).contains("not connected"));
    let other = tempfile::tempdir().unwrap();
    let host = new_host(other.path()).unwrap();
    host.create_volume(&volume_spec(None)).unwrap();
    host.attach(&spec(ONE, None)).unwrap();
}

#[test]
fn sockets_are_for_the_owner_only_and_lie_where_nobody_else_may_look() {
    let bench = Bench::new();
    bench.create(None);
    bench.attach(ONE, None);
    let run = std::fs::symlink_metadata(bench.data.join("run")).unwrap();
    assert_eq!(run.mode() & 0o777, 0o700);
    let socket = std::fs::symlink_metadata(bench.data.join("run").join(&bench.sockets()[0])).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.mode() & 0o077, 0);
    let store =
        std::fs::symlink_metadata(bench.data.join("volumes").join(VOLUME).join("superblock")).unwrap();
    assert_eq!(store.mode() & 0o077, 0);
}

#[test]
fn a_run_directory_that_others_may_enter_or_that_is_a_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    RealFiles.create_dir_all(&run).unwrap();
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(new_host(dir.path()).is_err());
    std::fs::remove_dir(&run).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &run).unwrap();
    let refused = new_host(dir.path()).err().unwrap().to_string();
    assert!(refused.contains("not a directory of ours alone"), "{refused}");
}

#[test]
fn sockets_fit_whatever_the_data_directory_is_called() {
    assert_eq!(run_directory(Path::new("/var/lib/sealvol")), Path::new("/var/lib/sealvol/run"));
    let long = PathBuf::from(format!("/{}", "x".repeat(200)));
    assert!(run_directory(&long).as_os_str().len() + 50 < 107);
    assert_ne!(run_directory(&long), run_directory(&long.join("y")));
}

#[test]
fn a_volume_under_a_long_path_is_attached_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d".repeat(120));
    let (host, _) = Bench::host(&data);
    host.create_volume(&volume_spec(None)).unwrap();
    let uri = host.attach(&spec(ONE, None)).unwrap();
    Device::open(&uri).write();
    host.stop();
    RealFiles.remove_dir_all(&run_directory(&data)).unwrap();
}
