//! How much memory a volume takes, counted by the allocator.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::{made, read, write};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes every call on to the system's allocator and counts beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// One test, because tests of one binary share the allocator.
#[test]
fn an_idle_16_tib_volume_is_small_and_zeros_and_reads_do_not_make_it_grow() {
    let (files, first) = made(1, 16 << 40, true);
    drop(first);
    let before = held();
    let volume = common::open(&files, true).unwrap();
    let idle = held() - before;
    println!("idle: {idle} bytes");
    assert!(idle < 256 << 10, "{idle} bytes");

    for gib in (0..16 << 10).step_by(64) {
        volume.write_zeroes((gib << 30) + 1, (64 << 30) - 2, true, false).unwrap();
        assert_eq!(read(&volume, gib << 30, 100), [0; 100]);
    }
    volume.extents(0, 16 << 40, 10).unwrap();
    volume.flush().unwrap();
    let grown = held() - before;
    println!("after zeroing and reading everywhere: {grown} bytes");
    assert!(grown < 300 << 10, "{grown} bytes");

    a_page_of_the_map_is_small();

    // One page of map for 32 MiB of data; what the simulated disk holds is not the volume's.
    let data = || held() - files_bytes(&files);
    let start = data();
    write(&volume, 0, &[1; 4096]);
    volume.flush().unwrap();
    println!("first page: {} bytes", data().saturating_sub(start));
}

/// Per GiB of data at most 64 KiB: next to nothing where units are written one after the other, a bit each where single units are
/// written all over. Only where each page also has zeros among them it is more: the two bits that each unit takes then are 64 KiB by
/// themselves. Beyond 256 GiB in use pages leave, so it is less. On a real file system, whose memory is not ours.
fn a_page_of_the_map_is_small() {
    let dir = tempfile::tempdir().unwrap();
    let files: std::sync::Arc<dyn env::Files> = std::sync::Arc::new(env::RealFiles);
    volume::create(&files, &dir.path().join("v"), &common::spec(16 << 40, true)).unwrap();
    let volume = volume::Volume::open(files, &dir.path().join("v"), volume::Opening::loaded()).unwrap();
    let device = volume::Device::open(volume, common::key(true)).unwrap();
    write(&device, 0, &[1; 4096]);
    device.flush().unwrap();

    let full = per_gib(&device, PAGE..9 * PAGE, 1 << 20, 1 << 20);
    println!("per GiB of data, fully written: {full} bytes");
    assert!(full <= 64 << 10, "{full} bytes");
    // One unit in each page costs as much as any other page with units of two states.
    let mixed = per_gib(&device, 100 * PAGE..2148 * PAGE, PAGE, 4096);
    println!("per GiB of data, one unit in each page: {mixed} bytes");
    assert!(mixed <= 38 << 10, "{mixed} bytes");
    let before = held();
    for page in 100..2148 {
        write(&device, page * PAGE + (1 << 20), &[1; 8192]);
        device.write_zeroes(page * PAGE + (1 << 20), 4096, true, false).unwrap();
    }
    device.flush().unwrap();
    let all_three = mixed + (held().saturating_sub(before) as u64) / (2048 / 32);
    println!("per GiB of data, zeros beside: {all_three} bytes");
    assert!(all_three < 70 << 10, "{all_three} bytes");
}

/// What a page of the map covers.
const PAGE: u64 = 32 << 20;

/// Bytes of memory per GiB of volume after writing so much at every step, flushed.
fn per_gib(device: &volume::Device, range: std::ops::Range<u64>, step: u64, bytes: usize) -> u64 {
    let (before, gib) = (held(), 1 << 30);
    let covered = range.end - range.start;
    let data = vec![1; bytes];
    range.step_by(step as usize).for_each(|at| write(device, at, &data));
    device.flush().unwrap();
    drop(data);
    held().saturating_sub(before) as u64 * gib / covered
}

fn files_bytes(files: &env::SimFiles) -> usize {
    files.bytes_held(&std::path::Path::new(common::DIR).join("data.0000")) as usize
}
