//! Chunk stores written by released versions: each must be read, scrubbed clean, and be the base of a new snapshot.
//!
//! `kept/v<version>.disk` is a whole simulated disk as text. A new release adds its own with
//! `SEALVOL_KEEP=<version> cargo test -p sealvol-snapshot kept`, which writes that file and no other. Kept disks are never written anew.

use super::*;
use chunks::FileStore;
use env::{Files, RealFiles, SimFiles};
use std::path::Path;
use std::sync::Arc;

/// With the names of its two snapshots.
const KEPT: [(&str, [&str; 2]); 1] = [(
    include_str!("kept/v0.1.0.disk"),
    [
        "ebfdd51f12a69a710dba475d95d1f77378f21ee5296d47f86d19f786b3821f59",
        "0cb2d81e8167d11c7584e4ad53e46f0b96250716b5f76179793f3f3975b891b8",
    ],
)];

fn open(files: &SimFiles) -> Snapshots {
    let store = FileStore::open(Arc::new(files.clone()), Path::new("/chunks").into()).unwrap();
    Snapshots::new(Arc::new(store))
}

/// One chunk of one unit, and one that a later snapshot adds on another page.
fn models() -> [Model; 2] {
    [Model::from([(0, 1)]), Model::from([(0, 1), (1024, 2)])]
}

fn encrypted(snapshot: &str) -> StoreSpec {
    StoreSpec { encryption: Some(encryption()), ..spec(snapshot) }
}

fn lived() -> (SimFiles, [SnapshotRef; 2]) {
    let (files, [one, two], control) = (SimFiles::new(1), models(), Control::silent(1));
    let snapshots = open(&files);
    let first = snapshots.store(&encrypted("snap-1"), None, &source(SIZE, &one), &control).unwrap().at;
    let base = snapshots.open(&first).unwrap();
    let changes = difference(SIZE, &one, &two);
    let second = snapshots.store(&encrypted("snap-2"), Some(&base), &changes, &control).unwrap().at;
    (files, [first, second])
}

#[test]
fn every_kept_store_is_read_scrubbed_and_goes_on() {
    for (image, hashes) in KEPT {
        let files = SimFiles::from_image(1, image).unwrap();
        let (snapshots, [one, two]) = (open(&files), models());
        let at = |n: usize| SnapshotRef {
            region: REGION.into(),
            snapshot: format!("snap-{}", n + 1),
            hash: hashes[n].into(),
        };
        let base = snapshots.open(&at(1)).unwrap();
        assert_reads(&snapshots.open(&at(0)).unwrap(), &one);
        assert_reads(&base, &two);
        assert_eq!(base.head().encryption, Some(encryption()));
        let mut three = two.clone();
        three.insert(1, 3);
        let changes = difference(SIZE, &two, &three);
        let third =
            snapshots.store(&encrypted("snap-3"), Some(&base), &changes, &Control::silent(1)).unwrap();
        snapshots.collect(&at(0), &[at(1), third.at.clone()], &Control::silent(1)).unwrap();
        assert_reads(&snapshots.open(&third.at).unwrap(), &three);
        snapshots.scrub(&mut |finding| panic!("{finding:?}")).unwrap();
    }
}

/// Fields at the places that the formats promise, by this test's own reading.
#[test]
fn kept_objects_are_where_the_formats_say() {
    for (image, hashes) in KEPT {
        let files = SimFiles::from_image(1, image).unwrap();
        let mut kinds = BTreeMap::<&[u8], u32>::new();
        let paths: Vec<_> = files.paths();
        let objects: Vec<Vec<u8>> = paths.iter().map(|path| files.read(path).unwrap()).collect();
        for (path, bytes) in paths.iter().zip(&objects) {
            assert_eq!(bytes[8..12], 1u32.to_le_bytes(), "{}", path.display());
            *kinds.entry(&bytes[..8]).or_default() += 1;
            let hash = blake3::hash(bytes).to_hex();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match name.rsplit_once('-') {
                Some((_, named)) => assert_eq!(named, hash.as_str()),
                None => assert!(name == "manifest" && hashes.contains(&hash.as_str())),
            }
        }
        let expected = [(&b"SVCHUNK\0"[..], 2), (b"SVMANIF\0", 2), (b"SVPAGE\0\0", 2)];
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
        let group = Path::new("/chunks/us-east-1/snap-1/c-00000_");
        assert_eq!(files.list(group).unwrap().len(), 1, "numbered objects stand in groups");
    }
}

#[test]
fn a_release_keeps_its_store_when_it_is_told_to() {
    let (files, at) = lived();
    let image = files.to_image().unwrap();
    assert!(image.len() < 96 << 10, "too large to keep: {} bytes", image.len());
    let Ok(version) = std::env::var("SEALVOL_KEEP") else { return };
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/kept");
    let path = dir.join(format!("v{version}.disk"));
    assert!(!RealFiles.exists(&path), "{} is kept already", path.display());
    RealFiles.write_durably(&path, image.as_bytes()).unwrap();
    println!("{} {}", at[0].hash, at[1].hash);
}
