//! Volume directories written by released versions: each must open, say what it said then, and go on.
//!
//! `kept/v<version>/<name>.disk` is a whole simulated disk as text (`SimFiles::to_image`). A new release adds its own with
//! `SEALVOL_KEEP=<version> cargo test -p sealvol-volume --test kept`, which writes `kept/v<version>/` and nothing else. Kept disks
//! are never written anew.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::chunks::{Stored, chunk, open_from, origin, plain};
use common::{DIR, read, shared, spec, write};
use env::{Crash, Files, RealFiles, SimFiles};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use volume::{Device, ExtentKind};

const SIZE: u64 = (1 << 20) + 8192;
const UNIT: u64 = 4096;
const KEPT: [(&str, &str, bool); 2] = [
    (include_str!("kept/v0.1.0/encrypted.disk"), "v0.1.0", true),
    (include_str!("kept/v0.1.0/plain.disk"), "v0.1.0", false),
];

/// Chunk 0 holds unit 2, chunk 1 holds its unit 3.
fn source(encrypted: bool) -> Arc<Stored> {
    let one = |index, unit, byte| (index, chunk(index, encrypted, |n| (n == unit).then_some(byte)));
    let chunks = [one(0, 2, 0xa0), one(1, 3, 0xa1)].into();
    Arc::new(Stored { size_bytes: SIZE, chunks, ..Stored::default() })
}

fn open(files: &SimFiles, encrypted: bool) -> Arc<Device> {
    let damaged = |damage| panic!("{damage:?}");
    open_from(shared(files), Path::new(DIR), Some(source(encrypted)), encrypted, damaged).unwrap()
}

/// A life with something of everything: loading, a frozen snapshot, two layers, zeroes, a part of a unit.
fn lived(encrypted: bool) -> SimFiles {
    let files = SimFiles::new(1);
    let mut spec = spec(SIZE, encrypted);
    spec.source = Some(origin());
    volume::create(&shared(&files), Path::new(DIR), &spec).unwrap();
    let device = open(&files, encrypted);
    assert_eq!(read(&device, 2 * UNIT, 1), [0xa0]);
    write(&device, 0, &[0x11; 4096]);
    device.flush().unwrap();
    common::freeze(&device, "snap-kept");
    write(&device, 100, &[0x22; 50]);
    device.write_zeroes(2 * UNIT, UNIT, true, true).unwrap();
    device.close().unwrap();
    files
}

fn expected() -> Vec<u8> {
    let mut all = vec![0; SIZE as usize];
    all[..4096].fill(0x11);
    all[100..150].fill(0x22);
    all[131 * 4096..132 * 4096].fill(0xa1);
    all
}

#[test]
fn every_kept_volume_opens_reads_and_goes_on() {
    for (image, version, encrypted) in KEPT {
        let files = SimFiles::from_image(1, image).unwrap();
        let device = open(&files, encrypted);
        let volume = device.volume().clone();
        assert_eq!(volume.superblock().spec().size_bytes, SIZE);
        assert_eq!(volume.superblock().encryption, spec(SIZE, encrypted).encryption);
        assert_eq!((volume.source(), volume.base()), (Some(origin()), Some("snap-origin".into())));
        assert_eq!(volume.frozen_snapshots(), ["snap-kept"]);
        let extents = device.extents(0, 3 * UNIT, 9).unwrap();
        assert_eq!(extents.iter().map(|e| e.kind == ExtentKind::Data).collect::<Vec<_>>(), [true, false]);
        assert!(read(&device, 0, SIZE as usize) == expected(), "{version}");
        let frozen = volume.frozen("snap-kept", false).unwrap().chunk(0).unwrap().unwrap();
        let frozen = plain(0, frozen, encrypted);
        assert!(frozen[..4096] == [0x11; 4096] && frozen[8192..12288] == [0xa0; 4096], "{version}");
        // And goes on with today's release, over a crash.
        write(&device, UNIT, &[0x33; 4096]);
        device.flush().unwrap();
        volume.thaw("snap-kept", true).unwrap();
        common::merge(&device);
        volume.grow(2 << 20).unwrap();
        files.crash(Crash::Lost);
        let device = open(&files, encrypted);
        let mut all = expected();
        all[4096..8192].fill(0x33);
        all.resize(2 << 20, 0);
        assert!(read(&device, 0, 2 << 20) == all, "{version}");
    }
}

/// Fields of the kept files at the places that the formats promise, by this test's own reading.
#[test]
fn kept_bytes_are_where_the_formats_say() {
    for (image, version, encrypted) in KEPT {
        let files = SimFiles::from_image(1, image).unwrap();
        let bytes = |name: &str| files.read(&Path::new(DIR).join(name)).unwrap();
        let u32_at = |bytes: &[u8], at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap());
        let u64_at = |bytes: &[u8], at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap());
        let crc = |bytes: &[u8]| {
            let crc = crc32c::crc32c(&bytes[..12]);
            crc32c::crc32c_append(crc32c::crc32c_append(crc, &[0; 4]), &bytes[16..])
        };
        assert_eq!(version, "v0.1.0", "a later release has a reading of its own");
        let superblock = bytes("superblock");
        assert_eq!((superblock.len(), &superblock[..16384]), (32768, &superblock[16384..]));
        let slot = &superblock[..16384];
        assert_eq!((&slot[..8], u32_at(slot, 8), u32_at(slot, 12)), (&b"SEALVOL\0"[..], 1, crc(slot)));
        assert_eq!((u64_at(slot, 24), u32_at(slot, 32)), (SIZE, 4096));
        assert_eq!(u32_at(slot, 36), 2 | u32::from(encrypted));
        assert_eq!(&slot[72..93], b"vol-0123456789abcdef0");
        let stack = bytes("stack");
        assert_eq!((&stack[..8], u32_at(&stack, 8), u32_at(&stack, 12)), (&b"SVSTACK\0"[..], 1, crc(&stack)));
        assert_eq!((u32_at(&stack, 16), u32_at(&stack, 20), u32_at(&stack, 24)), (2, 2, 2 | 1 << 16));
        assert_eq!((u32_at(&stack, 32), u32_at(&stack, 48)), (0, 1), "the numbers of the layers");
        assert!(stack.ends_with(b"snap-originsnap-kept"));
        for (map, written) in [("map", 0b01_10_01), ("layer.0001/map", 0b10_00_01)] {
            let map = bytes(map);
            assert_eq!(map.len(), 8192);
            let slots = map.chunks(4096).filter(|slot| slot.starts_with(b"SVMAPPG\0"));
            let slot = slots.max_by_key(|slot| u64_at(slot, 24)).unwrap();
            assert_eq!((u32_at(slot, 8), u32_at(slot, 12)), (1, crc(&slot[..2112])));
            assert_eq!((u64_at(slot, 16), slot[64] & 0x3f), (0, written));
        }
        let lies = |name: &str, byte: u8| bytes(name)[..4096].iter().all(|b| *b == byte);
        assert_eq!(lies("data.0000", 0x11), !encrypted);
        assert_eq!(bytes("data.0000")[8192..12288] == [0xa0; 4096], !encrypted);
        assert!(!files.exists(&Path::new(DIR).join("data.0001")));
    }
}

#[test]
fn a_release_keeps_its_disks_when_it_is_told_to() {
    for encrypted in [true, false] {
        let image = lived(encrypted).to_image().unwrap();
        assert!(image.len() < 64 << 10, "too large to keep: {} bytes", image.len());
        let Ok(version) = std::env::var("SEALVOL_KEEP") else { continue };
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/kept").join(format!("v{version}"));
        let path = dir.join(if encrypted { "encrypted.disk" } else { "plain.disk" });
        assert!(!RealFiles.exists(&path), "{} is kept already", path.display());
        RealFiles.create_dir_all(&dir).unwrap();
        RealFiles.write_durably(&path, image.as_bytes()).unwrap();
    }
}
