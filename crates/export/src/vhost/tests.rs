//! Chains made at random: nothing outside what they want is written, and the volume does what a list of bytes would.

use super::image::{AT, ENTRIES, MEMORY_BYTES, run_ring};
use env::{Files, SimFiles};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use volume::{Device, Opening, Volume, VolumeSpec};

const SIZE: u64 = 1 << 20;
/// Headers, then data, far from the ring.
const HEADER: u64 = 0x1000;
const DATA: u64 = 0x4000;
const NEXT: u16 = 1;
const WRITE: u16 = 2;

fn device() -> Arc<Device> {
    device_on(&SimFiles::new(1))
}

fn device_on(files: &SimFiles) -> Arc<Device> {
    let files: Arc<dyn Files> = Arc::new(files.clone());
    let spec = VolumeSpec { volume_id: "vol-1".into(), size_bytes: SIZE, encryption: None, source: None };
    volume::create(&files, Path::new("/v"), &spec).unwrap();
    Device::open(Volume::open(files, Path::new("/v"), Opening::loaded()).unwrap(), None).unwrap()
}

struct Image(Vec<u8>);

impl Image {
    fn new() -> Image {
        Image((0..MEMORY_BYTES).map(|n| if n < 0x400 { 0 } else { n as u8 ^ (n >> 8) as u8 }).collect())
    }

    fn put(&mut self, at: u64, bytes: &[u8]) {
        self.0[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    }

    fn describe(&mut self, n: u16, address: u64, len: u32, flags: u16, next: u16) {
        let at = AT.descriptors + 16 * u64::from(n);
        self.put(at, &address.to_le_bytes());
        self.put(at + 8, &len.to_le_bytes());
        self.put(at + 12, &flags.to_le_bytes());
        self.put(at + 14, &next.to_le_bytes());
    }

    fn offer(&mut self, heads: &[u16]) {
        self.put(AT.available + 2, &(heads.len() as u16).to_le_bytes());
        for (n, head) in (0..).zip(heads) {
            self.put(AT.available + 4 + 2 * n, &head.to_le_bytes());
        }
    }
}

#[test]
fn reads_that_wait_in_the_ring_are_announced_once_and_nothing_else_is() {
    let (files, mut image) = (SimFiles::new(1), Image::new());
    let device = device_on(&files);
    device.write_at(&mut vec![5; SIZE as usize], 0, true).unwrap();
    files.forget_cached();
    // A read, a write, a read behind the end of the volume, and another read.
    let requests = [(0_u32, 0_u64), (1, 8), (0, SIZE / 512), (0, 24)];
    for (n, (kind, sector)) in (0..).zip(requests) {
        let (at, first) = (HEADER + 0x100 * n, 3 * n as u16);
        image.put(at, &[&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat());
        image.describe(first, at, 16, NEXT, first + 1);
        let flags = if kind == 0 { WRITE } else { 0 };
        image.describe(first + 1, DATA + 0x1000 * n, 4096, NEXT | flags, first + 2);
        image.describe(first + 2, at + 64, 1, WRITE, 0);
    }
    image.offer(&[0, 3, 6, 9]);
    let after = run_ring(&device, &image.0, true).unwrap();
    let status = |n: u64| after[(HEADER + 0x100 * n + 64) as usize];
    assert_eq!([status(0), status(1), status(2), status(3)], [0, 0, 1, 0]);
    assert_eq!(after[DATA as usize + 0x3000..][..4096], [5; 4096]);
    let offsets: Vec<u64> = files.hints().iter().map(|(_, range)| range.start).collect();
    // After the first is taken, what waits behind it; the last request has nothing behind it.
    assert_eq!(offsets, [24 * 512]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn only_what_is_wanted_is_written(
        kind in prop_oneof![4 => Just(0_u32), 4 => Just(1_u32), 1 => 2..16_u32],
        sector in prop_oneof![4 => 0..SIZE / 512, 1 => any::<u64>()],
        sizes in proptest::collection::vec(0..4 * 600_u32, 1..8),
        whole in any::<bool>(),
        event_idx in any::<bool>(),
    ) {
        let device = device();
        let before: Vec<u8> = (0..SIZE).map(|n| (n / 512) as u8 ^ 0x55).collect();
        device.write_at(&mut before.clone(), 0, false).unwrap();
        let mut image = Image::new();
        image.put(HEADER, &[&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat());
        image.describe(0, HEADER, 16, NEXT, 1);
        let flags = if kind == 1 { 0 } else { WRITE };
        let (mut at, mut places) = (DATA, Vec::new());
        for (n, size) in (1..).zip(&sizes) {
            let size = if whole { size / 512 * 512 } else { *size };
            image.describe(n, at, size, NEXT | flags, n + 1);
            places.push((at, u64::from(size)));
            at += u64::from(size) + 3;
        }
        image.describe(sizes.len() as u16 + 1, HEADER + 64, 1, WRITE, 0);
        image.offer(&[0]);
        let after = run_ring(&device, &image.0, event_idx).unwrap();
        let status = after[HEADER as usize + 64];
        let len: u64 = places.iter().map(|(_, len)| len).sum();
        let inside = len.is_multiple_of(512)
            && sector.checked_mul(512).and_then(|at| at.checked_add(len)).is_some_and(|end| end <= SIZE);
        if kind < 2 {
            prop_assert_eq!(status, u8::from(!inside));
        }
        // What should be there: the image, the status, the used ring, and what was read.
        let mut expected = image.0.clone();
        let used = AT.used as usize..(AT.used + 4 + 8 * u64::from(ENTRIES) + 2) as usize;
        expected[used.clone()].copy_from_slice(&after[used]);
        expected[HEADER as usize + 64] = status;
        let (mut volume, mut from) = (before.clone(), (sector as usize).wrapping_mul(512));
        for (at, len) in places {
            let (at, len) = (at as usize, len as usize);
            if kind == 0 && status == 0 {
                expected[at..at + len].copy_from_slice(&before[from..from + len]);
            } else if kind == 1 && status == 0 {
                volume[from..from + len].copy_from_slice(&image.0[at..at + len]);
            } else if kind == 8 {
                expected[at..at + len].copy_from_slice(&after[at..at + len]);
            }
            from = from.wrapping_add(len);
        }
        prop_assert!(after == expected, "something else was written");
        let mut held = vec![0; SIZE as usize];
        device.read_at(&mut held, 0).unwrap();
        prop_assert!(held == volume, "the volume holds something else");
    }

    #[test]
    fn no_ring_panics(
        table in proptest::collection::vec((0..0x1_2000_u64, 0..0x3000_u32, 0..8_u16, 0..20_u16), 16),
        heads in proptest::collection::vec(0..20_u16, 0..20),
        kinds in proptest::collection::vec((0..16_u32, 0..3000_u64), 64),
    ) {
        let (device, mut image) = (device(), Image::new());
        for (n, (kind, sector)) in (0..).zip(&kinds) {
            image.put(0x400 * n, &[&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat());
        }
        for (n, (address, len, flags, next)) in (0..).zip(table) {
            image.describe(n, address & !0x3ff, len, flags, next);
        }
        image.offer(&heads);
        let after = run_ring(&device, &image.0, true).unwrap();
        // One answer each, unless the driver wrote an impossible index or had the device write into the ring itself.
        let answers = usize::from(u16::from_le_bytes([after[0x202], after[0x203]]));
        prop_assert!(answers == heads.len() || heads.len() > 16);
    }
}
