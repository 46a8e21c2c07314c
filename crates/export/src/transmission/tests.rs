//! Requests, byte by byte, against a real volume in memory.

use super::request::{Command, Request, decide};
use super::*;
use crate::port::Outlet;
use crate::session::testing::Script;
use env::{Files, SimFault, SimFiles, SimOp};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use volume::{Device, Opening, Volume, VolumeSpec};

const SIZE: u64 = 64 << 20;
const BOTH: Agreed = Agreed { structured: true, allocation: true };
const SIMPLE: Agreed = Agreed { structured: false, allocation: false };
const EINVAL: u32 = 22;
const ENOSPC: u32 = 28;
const EIO: u32 = 5;
const FUA: u16 = 1;
const NO_HOLE: u16 = 2;
const DF: u16 = 4;
const REQ_ONE: u16 = 8;
const FAST_ZERO: u16 = 16;
const DIR: &str = "/v";

fn volume() -> (SimFiles, Arc<Device>) {
    let files = SimFiles::new(1);
    let spec = VolumeSpec { volume_id: "vol-1".into(), size_bytes: SIZE, encryption: None, source: None };
    let shared: Arc<dyn Files> = Arc::new(files.clone());
    volume::create(&shared, Path::new(DIR), &spec).unwrap();
    let volume = Volume::open(shared, Path::new(DIR), Opening::loaded()).unwrap();
    let volume = Device::open(volume, None).unwrap();
    (files, volume)
}

fn request(kind: u16, flags: u16, cookie: u64, offset: u64, length: u32) -> Vec<u8> {
    let mut bytes = 0x25609513u32.to_be_bytes().to_vec();
    bytes.extend(flags.to_be_bytes());
    bytes.extend(kind.to_be_bytes());
    bytes.extend(cookie.to_be_bytes());
    bytes.extend(offset.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes
}

fn write(offset: u64, payload: &[u8]) -> Vec<u8> {
    [request(1, 0, offset, offset, payload.len() as u32), payload.to_vec()].concat()
}

fn talk_in(
    volume: &Arc<Device>,
    agreed: Agreed,
    parts: &[Vec<u8>],
    piece: usize,
) -> (io::Result<()>, Vec<u8>) {
    let mut script = Script::in_pieces(parts.concat(), piece);
    let mut channel = Channel::new(&mut script);
    let result = serve(&mut channel, &Outlet::from(volume.clone()).port(), agreed);
    channel.send().unwrap();
    drop(channel);
    (result, script.told)
}

fn talk(volume: &Arc<Device>, agreed: Agreed, parts: &[Vec<u8>]) -> Vec<u8> {
    let (result, told) = talk_in(volume, agreed, parts, 999);
    result.unwrap();
    told
}

/// Error and cookie of replies that are all simple and without data.
fn simple(told: &[u8]) -> Vec<(u32, u64)> {
    assert_eq!(told.len() % 16, 0, "{told:02x?}");
    told.chunks(16)
        .map(|r| {
            assert_eq!(r[..4], 0x67446698u32.to_be_bytes());
            (number(&r[4..]), u64::from_be_bytes(r[8..].try_into().unwrap()))
        })
        .collect()
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// Flags, type, payload of every structured chunk.
fn chunks(mut told: &[u8]) -> Vec<(u16, u16, Vec<u8>)> {
    let mut chunks = Vec::new();
    while !told.is_empty() {
        assert_eq!(told[..4], 0x668e33efu32.to_be_bytes());
        let half = |at: usize| u16::from_be_bytes([told[at], told[at + 1]]);
        let end = 20 + number(&told[16..]) as usize;
        chunks.push((half(4), half(6), told[20..end].to_vec()));
        told = &told[end..];
    }
    chunks
}

fn data(offset: u64, bytes: &[u8]) -> Vec<u8> {
    [&offset.to_be_bytes(), bytes].concat()
}

fn error(errno: u32) -> Vec<(u16, u16, Vec<u8>)> {
    vec![(1, 32769, [errno.to_be_bytes().as_slice(), &[0, 0]].concat())]
}

#[test]
fn what_is_written_is_read_back_simply_and_in_chunks() {
    let (_, volume) = volume();
    let told = talk(&volume, SIMPLE, &[write(5, b"hello"), request(0, 0, 9, 4, 7), request(2, 0, 0, 0, 0)]);
    assert_eq!(simple(&told[..32]), [(0, 5), (0, 9)]);
    assert_eq!(told[32..], *b"\0hello\0");
    let told = talk(&volume, BOTH, &[request(0, DF, 1, 5, 5)]);
    assert_eq!(chunks(&told), [(1, 1, data(5, b"hello"))]);
}

#[test]
fn nothing_after_disc_is_done() {
    let (_, volume) = volume();
    let told = talk(&volume, BOTH, &[request(2, 0, 0, 0, 0), write(0, b"late")]);
    assert!(told.is_empty());
    assert_eq!(volume.extents(0, SIZE, 9).unwrap().len(), 1);
}

#[test]
fn long_reads_come_in_chunks_or_in_one_if_wanted() {
    let (_, volume) = volume();
    let bytes: Vec<u8> = (0..3u32 << 20).map(|n| (n >> 9) as u8).collect();
    talk(&volume, BOTH, &[write(100, &bytes)]);
    let told = talk(&volume, BOTH, &[request(0, 0, 1, 100, 3 << 20)]);
    let parts = chunks(&told);
    let flags: Vec<u16> = parts.iter().map(|(flags, ..)| *flags).collect();
    assert_eq!(flags, [vec![0; parts.len() - 1], vec![1]].concat());
    assert!(parts.len() > 1);
    let mut at = 100;
    for (_, kind, payload) in &parts {
        assert_eq!((*kind, payload[..8].to_vec()), (1, u64::to_be_bytes(at).to_vec()));
        assert!(payload[8..] == bytes[at as usize - 100..][..payload.len() - 8]);
        at += payload.len() as u64 - 8;
    }
    assert_eq!(at, 100 + (3 << 20));
    let told = talk(&volume, BOTH, &[request(0, DF, 1, 100, 3 << 20)]);
    assert!(chunks(&told) == [(1, 1, data(100, &bytes))]);
    let told = talk(&volume, SIMPLE, &[request(0, 0, 1, 100, 3 << 20)]);
    assert!(told[16..] == bytes);
}

#[test]
fn unknown_commands_and_flags_are_invalid_and_the_session_goes_on() {
    let (_, volume) = volume();
    let payload = [7; 600];
    let mut bad_write = write(0, &payload);
    bad_write[5] = DF as u8;
    let parts = [
        request(8, 0, 1, 0, 1),
        request(65535, 0, 2, 0, 0),
        bad_write,
        request(3, NO_HOLE, 4, 0, 0),
        request(4, REQ_ONE, 5, 0, 4096),
        request(6, 0x8000, 6, 0, 4096),
        request(5, FAST_ZERO, 7, 0, 4096),
        request(1, 32, 8, 0, 0), // PAYLOAD_LEN belongs to extended headers
        write(1, b"still here"),
    ];
    let told = talk(&volume, BOTH, &parts);
    let errors: Vec<u32> = simple(&told).iter().map(|(e, _)| *e).collect();
    assert_eq!(errors, [EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, 0]);
    let told = talk(&volume, SIMPLE, &[request(0, DF, 1, 0, 1), request(7, 0, 2, 0, 1)]);
    assert_eq!(simple(&told), [(EINVAL, 1), (EINVAL, 2)]);
    assert_eq!(chunks(&talk(&volume, BOTH, &[request(0, NO_HOLE, 1, 0, 1)])), error(EINVAL));
    assert_eq!(chunks(&talk(&volume, BOTH, &[request(7, 0, 1, 0, 0)])), error(EINVAL));
    let no_context = Agreed { allocation: false, ..BOTH };
    assert_eq!(chunks(&talk(&volume, no_context, &[request(7, 0, 1, 0, 9)])), error(EINVAL));
}

#[test]
fn ranges_past_the_end_are_refused_with_the_right_number() {
    let (_, volume) = volume();
    for offset in [SIZE - 3, SIZE, u64::MAX - 3, u64::MAX] {
        let mut outside = write(offset, b"1234");
        outside[8..16].fill(0);
        let parts =
            [outside, request(6, 0, 0, offset, 4), request(4, 0, 0, offset, 4), request(5, 0, 0, offset, 4)];
        let errors: Vec<u32> = simple(&talk(&volume, BOTH, &parts)).iter().map(|(e, _)| *e).collect();
        assert_eq!(errors, [ENOSPC, ENOSPC, EINVAL, EINVAL], "{offset}");
        assert_eq!(chunks(&talk(&volume, BOTH, &[request(0, 0, 1, offset, 4)])), error(EINVAL));
        assert_eq!(chunks(&talk(&volume, BOTH, &[request(7, 0, 1, offset, 4)])), error(EINVAL));
    }
    assert_eq!(simple(&talk(&volume, BOTH, &[write(SIZE - 4, b"1234")])), [(0, SIZE - 4)]);
}

#[test]
fn a_payload_too_long_is_skipped_without_being_kept_and_the_session_goes_on() {
    let (_, volume) = volume();
    let mut long = request(1, 0, 1, 0, (32 << 20) + 1);
    long.resize(28 + (32 << 20) + 1, 7);
    let (result, told) = talk_in(&volume, SIMPLE, &[long, write(0, b"next")], 1 << 20);
    result.unwrap();
    assert_eq!(simple(&told), [(EINVAL, 1), (0, 0)]);
    assert_eq!(chunks(&talk(&volume, BOTH, &[request(0, 0, 1, 0, (32 << 20) + 1)])), error(EINVAL));
    // A head that promises 4 GiB and nothing more: the buffers are all that is ever held.
    let (result, _) = talk_in(&volume, SIMPLE, &[request(1, 0, 1, 0, u32::MAX)], 99);
    assert!(result.is_err());
}

#[test]
fn reads_that_wait_behind_one_that_waits_for_the_disk_are_announced_once() {
    let (files, volume) = volume();
    volume.write_at(&mut [5; 64 << 10], 0, true).unwrap();
    files.forget_cached();
    let read = |n: u64| request(0, 0, n, n * 4096, 4096);
    // A write between, and reads that make no sense or come later than they were received.
    let parts = [read(0), read(3), write(4096, &[6; 4096]), read(2), request(0, 0, 9, SIZE, 4096), read(7)];
    let (result, told) = talk_in(&volume, SIMPLE, &parts, usize::MAX);
    result.unwrap();
    let hints = files.hints();
    let offsets: Vec<u64> = hints.iter().map(|(_, range)| range.start / 4096).collect();
    assert_eq!(offsets, [3, 2, 7]);
    let reply = |cookie: u64, data: &[u8]| {
        [&0x67446698u32.to_be_bytes()[..], &[0; 4], &cookie.to_be_bytes(), data].concat()
    };
    let mut expected = [reply(0, &[5; 4096]), reply(3, &[5; 4096]), reply(4096, &[])].concat();
    expected.extend(reply(2, &[5; 4096]));
    assert_eq!(&told[..expected.len()], expected);
    // Received one by one, nothing waits behind.
    files.forget_cached();
    talk_in(&volume, SIMPLE, &[read(0), read(1)], 28).0.unwrap();
    assert_eq!(files.hints(), []);
}

#[test]
fn the_longest_payload_is_stored_piece_by_piece() {
    let (_, volume) = volume();
    let bytes: Vec<u8> = (0..32u32 << 20).map(|n| (n >> 11) as u8 ^ n as u8).collect();
    let told = talk_in(&volume, SIMPLE, &[write(1, &bytes)], 70_001).1;
    assert_eq!(simple(&told), [(0, 1)]);
    let mut read = vec![0; 32 << 20];
    volume.read_at(&mut read, 1).unwrap();
    assert!(read == bytes);
}

#[test]
fn a_write_cut_off_leaves_old_or_new_bytes() {
    let (_, volume) = volume();
    talk(&volume, SIMPLE, &[write(0, &[1; 2 << 20])]);
    let mut cut = write(0, &[2; 2 << 20]);
    cut.truncate(1_500_001);
    assert!(talk_in(&volume, SIMPLE, &[cut], 100_000).0.is_err());
    let mut read = vec![0; 2 << 20];
    volume.read_at(&mut read, 0).unwrap();
    let new = read.iter().take_while(|b| **b == 2).count();
    assert!(new < 1_500_001 && read[new..].iter().all(|b| *b == 1), "{new}");
}

#[test]
fn without_the_magic_the_connection_ends() {
    let (_, volume) = volume();
    let mut bad = request(0, 0, 1, 0, 1);
    bad[0] = 0;
    let (result, told) = talk_in(&volume, BOTH, &[bad, write(0, b"x")], 9);
    assert!(result.is_err() && told.is_empty());
}

#[test]
fn block_status_tells_extents_and_one_if_one_is_wanted() {
    let (_, volume) = volume();
    talk(&volume, BOTH, &[write(4096, &[1; 8192]), request(6, 0, 0, 8192, 4096)]);
    let status = |flags, offset, length| {
        let told = chunks(&talk(&volume, BOTH, &[request(7, flags, 1, offset, length)]));
        assert_eq!((told.len(), told[0].0, told[0].1, number(&told[0].2)), (1, 1, 5, 1));
        told[0].2[4..].chunks(8).map(|e| (number(e), number(&e[4..]))).collect::<Vec<_>>()
    };
    let rest = SIZE as u32 - 12288;
    assert_eq!(status(0, 0, SIZE as u32), [(4096, 3), (4096, 0), (4096, 2), (rest, 3)]);
    assert_eq!(status(REQ_ONE, 4097, 8000), [(4095, 0)]);
    assert_eq!(status(0, SIZE - 1, 1), [(1, 3)]);
}

#[test]
fn zeroing_trimming_caching_and_flushing_do_what_they_say() {
    let (files, volume) = volume();
    let parts = [
        write(0, &[1; 16384]),
        request(6, NO_HOLE | FUA, 1, 10, 20),
        request(6, FAST_ZERO, 2, 4096, 4096),
        request(4, FUA, 3, 8192, 4096),
        request(5, 0, 4, 0, 16384),
        request(3, 0, 5, 12345, 777), // what a flush carries is reserved
    ];
    let told = talk(&volume, BOTH, &parts);
    assert_eq!(simple(&told), [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]);
    let mut expected = vec![1; 16384];
    expected[10..30].fill(0);
    expected[4096..12288].fill(0);
    let mut read = vec![0; 16384];
    volume.read_at(&mut read, 0).unwrap();
    assert!(read == expected);
    let held = || files.bytes_held(&Path::new(DIR).join("data.0000"));
    assert_eq!(held(), 8192);
    talk(&volume, BOTH, &[request(4, 0, 0, 0, 4096)]);
    assert_eq!(held(), 8192);
    talk(&volume, BOTH, &[request(4, FUA, 0, 12288, 4096)]);
    assert_eq!(held(), 0);
}

#[test]
fn fua_makes_a_write_durable_and_its_absence_does_not() {
    for (flags, expected) in [(FUA, b"kept"), (0, b"\0\0\0\0")] {
        let (files, volume) = volume();
        let mut request = write(0, b"kept");
        request[4..6].copy_from_slice(&flags.to_be_bytes());
        talk(&volume, BOTH, &[request]);
        files.crash(env::Crash::Lost);
        let volume = Volume::open(Arc::new(files), Path::new(DIR), Opening::loaded()).unwrap();
        let volume = Device::open(volume, None).unwrap();
        let mut read = [9; 4];
        volume.read_at(&mut read, 0).unwrap();
        assert_eq!(&read, expected);
    }
}

#[test]
fn failures_of_the_store_reach_the_client_and_the_session_goes_on() {
    let (files, volume) = volume();
    talk(&volume, SIMPLE, &[write(0, &[1; 4 << 20])]);
    let fault = |op, path, skip, errno| files.inject(SimFault { op, path, skip, times: 1, errno });
    fault(SimOp::Read, "data", 0, 5);
    assert_eq!(chunks(&talk(&volume, BOTH, &[request(0, 0, 1, 0, 9)])), error(EIO));
    // In the middle of a long read: chunks before, then the error.
    fault(SimOp::Read, "data", 1, 5);
    let told = chunks(&talk(&volume, BOTH, &[request(0, 0, 1, 0, 2 << 20)]));
    assert_eq!(told.iter().map(|(_, kind, _)| *kind).collect::<Vec<_>>(), [1, 32769]);
    // Promised whole: the connection must end.
    for (agreed, flags) in [(SIMPLE, 0), (BOTH, DF)] {
        fault(SimOp::Read, "data", 1, 5);
        assert!(talk_in(&volume, agreed, &[request(0, flags, 1, 0, 2 << 20)], 99).0.is_err());
    }
    fault(SimOp::Write, "data", 0, 28);
    let told = talk(&volume, SIMPLE, &[write(0, &[2; 1 << 20]), write(1, b"x")]);
    assert_eq!(simple(&told), [(ENOSPC, 0), (0, 1)]);
    fault(SimOp::Sync, "data", 0, 5);
    let told = talk(&volume, SIMPLE, &[request(3, 0, 1, 0, 0), write(2, b"x"), request(3, 0, 3, 0, 0)]);
    assert_eq!(simple(&told), [(EIO, 1), (EIO, 2), (EIO, 3)]);
}

#[test]
fn empty_ranges_do_nothing_and_succeed() {
    let (_, volume) = volume();
    let told = talk(&volume, SIMPLE, &[request(0, 0, 1, 0, 0), write(7, b""), request(4, 0, 3, SIZE, 0)]);
    assert_eq!(simple(&told), [(0, 1), (0, 7), (0, 3)]);
    assert_eq!(chunks(&talk(&volume, BOTH, &[request(0, 0, 1, 0, 0)])), [(1, 0, vec![])]);
}

proptest! {
    #[test]
    fn what_is_decided_is_inside_the_volume(
        kind in 0..10u16, flags in 0..64u16, offset in any::<u64>(), near in any::<bool>(), length in any::<u32>(),
        structured in any::<bool>(), allocation in any::<bool>(),
    ) {
        let offset = if near { offset % (SIZE + 10) } else { offset };
        let request = Request { flags, kind, cookie: [0; 8], offset, length };
        let decided = decide(&request, Agreed { structured, allocation }, SIZE);
        if !matches!(decided, Err(_) | Ok(Command::Flush | Command::Disconnect)) {
            prop_assert!(offset.checked_add(length.into()).unwrap() <= SIZE);
        }
    }

    #[test]
    fn no_bytes_panic(
        requests in proptest::collection::vec((0..9u16, 0..40u16, 0..SIZE + 5000, 0..20_000u32), 0..12),
        hits in proptest::collection::vec((0..500usize, any::<u8>()), 0..4),
        piece in 1..5000usize,
        structured in any::<bool>(),
    ) {
        let (_, volume) = volume();
        let mut said = Vec::new();
        for (kind, flags, offset, length) in requests {
            said.extend(request(kind, flags, 1, offset, length));
            if kind == 1 {
                said.resize(said.len() + length as usize, 3);
            }
        }
        for (at, to) in hits {
            if let Some(byte) = said.get_mut(at) {
                *byte = to;
            }
        }
        let _ = talk_in(&volume, Agreed { structured, allocation: structured }, &[said], piece);
    }
}
