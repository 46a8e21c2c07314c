//! Where tags come from: units loaded from a snapshot with and without the key, units of other volumes, tags that everybody can
//! make; and that a volume without integrity has none of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use cipher::{DataUnit, Tagged, Tagger};
use common::chunks::{Stored, open_from, origin, striped};
use common::{DIR, key, made, made_with_integrity, open, read, shared, spec, write};
use env::SimFiles;
use snapshot::{ChunkSource, SnapshotRef};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Device, Opening, Volume, VolumeError};

const SIZE: u64 = 4 << 20;
/// A unit of chunk 1 that the source holds.
const HELD: u64 = 129;

fn put(files: &SimFiles, name: &str, at: u64, bytes: &[u8]) {
    shared(files).open(&Path::new(DIR).join(name), false).unwrap().write_all_at(bytes, at).unwrap();
}

fn get(files: &SimFiles, name: &str, at: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let file = shared(files).open(&Path::new(DIR).join(name), false).unwrap();
    file.read_zero_filled_at(&mut bytes, at).unwrap();
    bytes
}

fn refused(device: &Device, unit: u64) -> bool {
    matches!(device.read_at(&mut [0; 4096], unit * 4096), Err(VolumeError::Damaged(_)))
}

/// Changes a unit and gives it the tag that everybody can make.
fn forge(files: &SimFiles, unit: u64, scope: &str) {
    let mut bytes = get(files, "data.0000", unit * 4096, 4096);
    bytes[77] ^= 1;
    let tag = Tagger::new(None, scope).unwrap().tag(Tagged::Unit, DataUnit(unit), &bytes).unwrap();
    put(files, "data.0000", unit * 4096, &bytes);
    put(files, "tags.0000", unit * 16, &tag);
}

fn restored(encrypted: bool) -> (SimFiles, Arc<Stored>) {
    let (files, source) = (SimFiles::new(3), Arc::new(striped(SIZE, &[1, 2], encrypted, |_, _| {})));
    let mut wanted = spec(SIZE, encrypted);
    wanted.source = Some(origin());
    common::create(&files, &wanted, true);
    (files, source)
}

/// As the host does in the background when nobody has attached the volume.
fn load_without_key(files: &SimFiles, source: &Arc<Stored>) {
    let give = |_: &SnapshotRef| -> Result<Arc<dyn ChunkSource>, VolumeError> { Ok(source.clone()) };
    let opening =
        Opening { source: &give, on_damage: Arc::new(|damage| panic!("{damage:?}")), ..Opening::loaded() };
    let volume = Volume::open(shared(files), Path::new(DIR), opening).unwrap();
    volume.load_all(&|_, _| {}, &AtomicBool::new(false)).unwrap();
}

#[test]
fn what_was_loaded_without_the_key_is_read_and_its_damage_refused() {
    for encrypted in [false, true] {
        let (files, source) = restored(encrypted);
        load_without_key(&files, &source);
        let device = open(&files, encrypted).unwrap();
        assert_eq!(read(&device, HELD * 4096, 16)[0], 1, "the byte of the source");
        put(&files, "data.0000", HELD * 4096 + 9, &[0xaa]);
        assert!(refused(&device, HELD));
        put(&files, "tags.0000", (HELD + 2) * 16, &[0xaa; 16]);
        assert!(refused(&device, HELD + 2));
        device.write_at(&mut [5; 4096], HELD * 4096, false).unwrap();
        assert_eq!(read(&device, HELD * 4096, 1), [5]);
    }
}

#[test]
fn what_was_loaded_with_the_key_has_its_tag() {
    let (files, source) = restored(true);
    let device = open_from(shared(&files), Path::new(DIR), Some(source), true, |_| {}).unwrap();
    assert_eq!(read(&device, HELD * 4096, 1), [1]);
    let bytes = get(&files, "data.0000", HELD * 4096, 4096);
    let scope = format!("restored\0{}", device.volume_id());
    let tagger = Tagger::new(key(true).as_ref(), &scope).unwrap();
    let tag = tagger.tag(Tagged::Unit, DataUnit(HELD), &bytes).unwrap();
    assert_eq!(get(&files, "tags.0000", HELD * 16, 16), tag);
}

/// The last is what is not found, and is said so in `docs/integrity.md`.
#[test]
fn a_tag_that_everybody_can_make_passes_only_where_one_was_due() {
    let (files, device) = made_with_integrity(1, SIZE, true);
    write(&device, 0, &[1; 8192]);
    for scope in ["new", "restored"] {
        forge(&files, 0, &format!("{scope}\0{}", device.volume_id()));
        assert!(refused(&device, 0), "{scope}");
    }
    let (files, source) = restored(true);
    load_without_key(&files, &source);
    let device = open(&files, true).unwrap();
    forge(&files, HELD, &format!("new\0{}", device.volume_id()));
    assert!(refused(&device, HELD));
    forge(&files, HELD, &format!("restored\0{}", device.volume_id()));
    assert!(!refused(&device, HELD));
}

#[test]
fn a_unit_of_another_volume_with_the_same_key_is_refused_with_its_tag() {
    let (files, device) = made_with_integrity(1, SIZE, true);
    write(&device, 0, &[1; 4096]);
    let other = SimFiles::new(2);
    let mut named = spec(SIZE, true);
    named.volume_id = "vol-0fedcba9876543210".into();
    common::create(&other, &named, true);
    let sibling = open(&other, true).unwrap();
    write(&sibling, 0, &[2; 4096]);
    put(&files, "data.0000", 0, &get(&other, "data.0000", 0, 4096));
    put(&files, "tags.0000", 0, &get(&other, "tags.0000", 0, 16));
    assert!(refused(&device, 0));
}

#[test]
fn without_integrity_there_is_nothing_of_it_and_a_volume_stays_as_it_was_made() {
    let (files, device) = made(1, SIZE, true);
    write(&device, 0, &[1; 4096]);
    device.close().unwrap();
    let names = shared(&files).list(Path::new(DIR)).unwrap();
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    assert_eq!(names, ["data.0000", "map", "stack", "superblock"]);
    assert!(!device.volume().has_integrity() && !device.is_unsure());
    for integrity in [true, false] {
        common::create(&files, &spec(SIZE, true), integrity);
        assert!(!open(&files, true).unwrap().volume().has_integrity());
    }
    let (files, _) = made_with_integrity(1, SIZE, true);
    common::create(&files, &spec(SIZE, true), false);
    assert!(open(&files, true).unwrap().volume().has_integrity());
}
