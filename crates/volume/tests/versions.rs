//! What a later release wrote is refused by name, and not touched: the superblock, the stack record, a map page.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{DIR, freeze, key, made, shared, spec, write};
use env::{Files, SimFiles};
use std::path::Path;
use volume::{Opening, Volume, VolumeError};

/// Raises the version at byte 8 of every structure of a file that has one, and makes its checksum right again.
fn raise(files: &SimFiles, name: &str, magic: &[u8; 8], step: usize, sealed: usize) {
    let path = Path::new(DIR).join(name);
    let mut bytes = files.read(&path).unwrap();
    let len = bytes.len();
    for slot in bytes.chunks_mut(step.min(len)).filter(|slot| slot.starts_with(magic)) {
        slot[8] += 1;
        let end = sealed.min(slot.len());
        let crc = crc32c::crc32c(&slot[..12]);
        let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, &[0; 4]), &slot[16..end]);
        slot[12..16].copy_from_slice(&crc.to_le_bytes());
    }
    let file = files.open(&path, false).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    file.sync_data().unwrap();
}

fn written() -> SimFiles {
    let (files, device) = made(1, 1 << 20, true);
    write(&device, 0, &[1; 4096]);
    freeze(&device, "snap-1");
    write(&device, 4096, &[2; 4096]);
    device.close().unwrap();
    files
}

fn newer<T>(result: Result<T, VolumeError>) -> (&'static str, u32, u32) {
    match result {
        Err(VolumeError::Newer { what, found, known }) => (what, found, known),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_newer_superblock_is_refused_by_all_that_read_it() {
    let files = written();
    // Version 2 is that of volumes with integrity.
    for _ in 0..2 {
        raise(&files, "superblock", b"SEALVOL\0", 16384, 16384);
    }
    let before = files.to_image().unwrap();
    let expected = ("the superblock", 3, 2);
    let dir = Path::new(DIR);
    assert_eq!(newer(volume::read_superblock(&shared(&files), dir)), expected);
    assert_eq!(newer(Volume::open(shared(&files), dir, Opening::loaded())), expected);
    assert_eq!(newer(volume::create(&shared(&files), dir, &spec(1 << 20, true))), expected);
    assert_eq!(files.to_image().unwrap(), before);
}

#[test]
fn a_newer_stack_record_is_refused_and_its_layers_are_not_cleared_away() {
    let files = written();
    raise(&files, "stack", b"SVSTACK\0", usize::MAX, usize::MAX);
    let before = files.to_image().unwrap();
    let opened = Volume::open(shared(&files), Path::new(DIR), Opening::loaded());
    assert_eq!(newer(opened), ("the stack record", 2, 1));
    assert_eq!(files.to_image().unwrap(), before);
}

#[test]
fn a_newer_map_page_is_refused_for_all_that_it_covers_and_stays_as_it_is() {
    let files = written();
    let known = common::map_version();
    raise(&files, "map", b"SVMAPPG\0", 4096, common::map_sealed());
    let before = files.to_image().unwrap();
    let device = common::open_in(shared(&files), Path::new(DIR), key(true)).unwrap();
    let expected = ("a map page", known + 1, known);
    assert_eq!(newer(device.read_at(&mut [0; 512], 0)), expected);
    assert_eq!(newer(device.write_zeroes(0, 1 << 20, true, true)), expected);
    let source = device.volume().frozen("snap-1", false).unwrap();
    assert!(source.chunk(0).is_err() && source.indices(0, 9).is_err());
    device.flush().unwrap();
    assert_eq!(files.to_image().unwrap(), before);
    device.volume().thaw("snap-1", false).unwrap();
    assert_eq!(newer(device.volume().merge(&Default::default())), expected);
    let map = |image: &str| image.split("file ").find(|file| file.contains("0/map ")).unwrap().to_owned();
    assert_eq!(map(&files.to_image().unwrap()), map(&before));
}
