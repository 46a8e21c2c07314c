//! Which sockets an attachment has, and what stays of them.

use crate::{AttachSpec, Exporting, Hosts, LocalHost, Options};
use base::{AccountId, Region};
use env::{Env, Files, RealFiles};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use volume::VolumeSpec;

const ONE: &str = "vol-00000000000000001";
const TWO: &str = "vol-00000000000000002";

fn host(data: &Path, vhost_user: bool) -> LocalHost {
    let chunks = Arc::new(snapshot::testing::MemoryStore::default());
    let exporting = Exporting { vhost_user, ..Exporting::default() };
    let options = Options { exporting, ..Options::default() };
    let host = LocalHost::new(Env::real(), data, chunks, options).unwrap();
    for volume in [ONE, TWO] {
        let spec =
            VolumeSpec { volume_id: volume.into(), size_bytes: 1 << 30, encryption: None, source: None };
        host.create_volume(&spec).unwrap();
    }
    host
}

fn spec(volume: &str) -> AttachSpec {
    AttachSpec {
        account: AccountId::parse("111122223333").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        volume: volume.into(),
        instance: "i-1".into(),
        key: None,
        limits: None,
        request_id: "request".into(),
    }
}

/// What is in the directory: the ends of names, and whether they are sockets.
fn there(host: &LocalHost, volume: &str) -> Vec<(String, bool)> {
    let prefix = format!("{volume}.i-1.");
    let paths = RealFiles.list(host.run_directory()).unwrap();
    let all = paths.iter().filter_map(|name| {
        let path = host.run_directory().join(name);
        let end = path.file_name()?.to_str()?.strip_prefix(&prefix)?.to_owned();
        Some((end, path.symlink_metadata().unwrap().file_type().is_socket()))
    });
    all.collect()
}

fn of(ends: &[(&str, bool)]) -> Vec<(String, bool)> {
    ends.iter().map(|(end, socket)| ((*end).to_owned(), *socket)).collect()
}

#[test]
fn a_host_that_offers_vhost_user_has_a_second_socket_for_each_attachment() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(dir.path(), true);
    [ONE, TWO].iter().for_each(|volume| drop(host.attach(&spec(volume)).unwrap()));
    assert_eq!(there(&host, ONE), of(&[("sock", true), ("vhost", true)]));
    host.detach(ONE, "i-1").unwrap();
    assert_eq!(there(&host, ONE), of(&[("vhost.stopped", false)]));
    host.remove_volume(ONE).unwrap();
    assert_eq!((there(&host, ONE), there(&host, TWO).len()), (vec![], 2));
    host.stop();
    assert_eq!(there(&host, TWO), of(&[("vhost.stopped", false)]));
}

#[test]
fn one_that_does_not_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(dir.path(), false);
    host.attach(&spec(ONE)).unwrap();
    assert_eq!(there(&host, ONE), of(&[("sock", true)]));
    host.detach(ONE, "i-1").unwrap();
    assert_eq!(there(&host, ONE), vec![]);
}

#[test]
fn if_the_second_socket_cannot_be_the_first_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(dir.path(), true);
    let taken = host.run_directory().join(super::vhost_socket(ONE, "i-1"));
    RealFiles.create_dir_all(&taken).unwrap();
    assert!(host.attach(&spec(ONE)).is_err());
    assert_eq!(there(&host, ONE), of(&[("vhost", false)]));
    RealFiles.remove_dir_all(&taken).unwrap();
    host.attach(&spec(ONE)).unwrap();
}
