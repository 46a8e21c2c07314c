//! The vhost-user-blk device as a driver uses it: over its socket, with memory that both sides share.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/driver.rs"]
mod driver;
#[path = "common/vhost.rs"]
mod served;

use driver::{EVENT_IDX, Guest, INDIRECT_DESC, USED, WRITE};
use export::VhostOptions;
use served::*;
use std::sync::atomic::{AtomicU16, Ordering};
use vhost::vhost_user::VhostUserFrontend;
use vhost::vhost_user::message::VhostUserConfigFlags;

const DATA: u64 = 256 << 10;

#[test]
fn what_is_written_is_read_whatever_was_negotiated() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    for unwanted in [0, EVENT_IDX, INDIRECT_DESC, EVENT_IDX | INDIRECT_DESC] {
        let mut front = guest.connect(&served.socket(), unwanted);
        let mut queue = guest.start(&mut front, 0, unwanted);
        for (n, len) in [512, 1024, 4096, 4608, 130_560, 131_072, 262_144].into_iter().enumerate() {
            for sector in [0, 1, 7, 8, 100_001, (SIZE - len as u64) / 512] {
                let bytes = pattern(n as u64 + sector + unwanted, len);
                assert_eq!(queue.request(OUT, sector, &bytes, 0).0, OK);
                assert!(queue.read(queue.data(0), len) == bytes, "the guest's own memory was changed");
                let (status, written, read) = queue.request(IN, sector, &[], len as u32);
                assert_eq!((status, written), (OK, len as u32 + 1));
                assert!(read == bytes, "{len} bytes at sector {sector}");
                let mut inside = vec![0; len];
                served.device.read_at(&mut inside, sector * 512).unwrap();
                assert!(inside == bytes, "the volume holds something else");
            }
        }
        assert_eq!(queue.request(FLUSH, 0, &[], 0), (OK, 1, vec![]));
    }
}

#[test]
fn data_may_lie_in_pieces_of_any_size_and_on_both_sides_of_a_regions_end() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    let border = guest.regions()[1].memory_size;
    let bytes = pattern(5, 8192);
    // The header in two pieces, data in three: one over the border, one of a single byte.
    let (head, data) = (queue.head(3), border - 1000);
    queue.header(3, OUT, 9);
    queue.write(data, &bytes[..4000]);
    queue.write(queue.data(1), &bytes[4000..4001]);
    queue.write(queue.data(2), &bytes[4001..]);
    let sent = [(head, 5, 0), (head + 5, 11, 0), (data, 4000, 0), (queue.data(1), 1, 0)];
    let rest = [(queue.data(2), 4191, 0), (queue.data(2), 0, 0), (head + 16, 1, WRITE)];
    let first = queue.chain(3, &[&sent[..], &rest].concat());
    queue.offer(first);
    queue.send();
    assert_eq!(queue.wait(), (first, 1));
    assert_eq!(queue.status(3), OK);
    // Read back with the last byte of the data in one piece with the status.
    queue.header(4, IN, 9);
    let back = queue.data(4);
    let wanted = [(queue.head(4), 16, 0), (data, 4000, WRITE), (back, 4193, WRITE)];
    let first = queue.chain(4, &wanted);
    queue.offer(first);
    queue.send();
    assert_eq!(queue.wait(), (first, 8193));
    assert!(queue.read(data, 4000) == bytes[..4000]);
    assert!(queue.read(back, 4193) == [&bytes[4000..], &[OK]].concat());
}

#[test]
fn the_id_is_the_serial_number_of_an_ebs_volume() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!(queue.request(GET_ID, 0, &[], 20), (OK, 21, b"vol0123456789abcdef0".to_vec()));
    assert_eq!(queue.request(GET_ID, 0, &[], 3), (OK, 4, b"vol".to_vec()));
    queue.write(queue.data(0), &[7; 64]);
    let (status, written, read) = queue.request(GET_ID, 0, &[], 40);
    assert_eq!((status, written, &read[18..21]), (OK, 20, &[b'f', b'0', 7][..]));
}

#[test]
fn the_configuration_space_says_what_the_device_is() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let flags = VhostUserConfigFlags::WRITABLE;
    let mut read =
        |offset: u32, len: usize| front.get_config(offset, len as u32, flags, &vec![0; len]).unwrap().1;
    let space = read(0, 60);
    let number =
        |at: usize, len: usize| space[at..at + len].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    assert_eq!(number(0, 8), SIZE / 512);
    assert_eq!((number(8, 4), number(12, 4), number(20, 4)), (1 << 20, 126, 512));
    // Physical blocks of 2^3 sectors.
    assert_eq!((number(24, 1), number(25, 1), number(26, 2)), (3, 0, 8));
    assert_eq!((number(32, 1), number(34, 2)), (1, 64));
    assert_eq!((number(36, 4), number(40, 4), number(44, 4)), (1 << 21, 16, 8));
    assert_eq!((number(48, 4), number(52, 4), number(56, 1)), (1 << 21, 16, 1));
    assert_eq!(read(0, 256)[60..], [0; 196]);
    assert_eq!(read(34, 1), [64]);
    assert_eq!(front.get_queue_num().unwrap(), 64);
}

#[test]
fn ranges_are_discarded_and_zeroed() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    let bytes = pattern(3, 65536);
    let zeroes = |from: usize, to: usize, was: &[u8]| {
        let mut now = was.to_vec();
        now[from..to].fill(0);
        now
    };
    assert_eq!(queue.request(OUT, 0, &bytes, 0).0, OK);
    // Two ranges, one without a whole unit: nothing of it is given back.
    assert_eq!(queue.request(DISCARD, 0, &[range(8, 16, 0), range(33, 6, 0)].concat(), 0), (OK, 1, vec![]));
    let bytes = zeroes(4096, 12288, &bytes);
    assert!(queue.request(IN, 0, &[], 65536).2 == bytes);
    for (flags, sector) in [(0, 41), (1, 61)] {
        assert_eq!(queue.request(WRITE_ZEROES, 0, &range(sector, 13, flags), 0).0, OK);
    }
    let bytes = zeroes(41 * 512, 54 * 512, &bytes);
    let bytes = zeroes(61 * 512, 74 * 512, &bytes);
    assert!(queue.request(IN, 0, &[], 65536).2 == bytes);
    assert_eq!(queue.request(WRITE_ZEROES, 0, &range(SIZE / 512 - 1, 1, 1), 0).0, OK);
    assert_eq!(queue.request(DISCARD, 0, &range(0, 1 << 21, 0), 0).0, OK);
    assert!(queue.request(IN, 0, &[], 65536).2.iter().all(|byte| *byte == 0));
}

#[test]
fn queues_work_side_by_side() {
    const QUEUES: u16 = 4;
    let served = serve();
    let guest = Guest::new(QUEUES, 32, 8192);
    let mut front = guest.connect(&served.socket(), 0);
    let queues: Vec<_> = (0..QUEUES).map(|n| guest.start(&mut front, n, 0)).collect();
    let queues = parking_lot::Mutex::new(queues);
    let done = AtomicU16::new(0);
    env::together("driver", QUEUES.into(), &|| {
        let Some(mut queue) = queues.lock().pop() else { return };
        let base = u64::from(queue.index) * 100_000;
        for round in 0..40_u16 {
            for slot in 0..8_u16 {
                let sector = base + u64::from(slot) * 16;
                let (kind, flags) = if round.is_multiple_of(2) { (OUT, 0) } else { (IN, WRITE) };
                let seed = u64::from(round / 2) * 100 + sector;
                let fill = if flags == 0 { pattern(seed, 8192) } else { vec![0; 8192] };
                queue.write(queue.data(slot), &fill);
                let head = queue.place(slot, kind, sector, 8192, flags);
                queue.offer(head);
            }
            queue.send();
            for slot in 0..8_u16 {
                assert_eq!(queue.wait().0, slot);
                assert_eq!(queue.status(slot), OK);
                let seed = u64::from(round / 2) * 100 + base + u64::from(slot) * 16;
                assert!(queue.read(queue.data(slot), 8192) == pattern(seed, 8192));
            }
        }
        done.fetch_add(1, Ordering::SeqCst);
    });
    assert_eq!(done.into_inner(), QUEUES);
}

#[test]
fn the_driver_is_notified_when_it_asked_to_be() {
    let served = serve();
    for (event_idx, asked, told) in
        [(true, 31, 1), (true, 32, 0), (true, u16::MAX, 0), (false, 0, 1), (false, 1, 0)]
    {
        let guest = Guest::new(1, 64, 4096);
        let unwanted = if event_idx { 0 } else { EVENT_IDX };
        let mut front = guest.connect(&served.socket(), unwanted);
        let mut queue = guest.start(&mut front, 0, unwanted);
        // The one that every start of a queue brings; the device made the eventfd one that does not block.
        while queue.call.read().is_err() {
            std::thread::yield_now();
        }
        if event_idx {
            queue.store(driver::AVAILABLE + 4 + 2 * 64, asked);
        } else {
            queue.store(driver::AVAILABLE, asked);
        }
        for slot in 0..32 {
            let head = queue.place(slot, IN, 0, 512, WRITE);
            queue.offer(head);
        }
        queue.send();
        while queue.load(USED + 2) != 32 {
            std::thread::yield_now();
        }
        // Stops the queue's thread, so that nothing comes later.
        drop(front);
        drop(guest.connect(&served.socket(), unwanted));
        queue.call.write(10).unwrap();
        let signals = queue.call.read().unwrap() - 10;
        // Without event indexes a notification per batch.
        assert_eq!(signals.min(1), told, "event index {event_idx}, asked {asked}");
        assert!(!event_idx || signals == told);
    }
}

#[test]
fn a_read_only_device_takes_no_writes() {
    let served = serve_with(VhostOptions { read_only: true, queues: 2 });
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    use vhost::VhostBackend;
    let features = front.get_features().unwrap();
    assert_eq!(features & (1 << 5 | 1 << 13 | 1 << 14), 1 << 5);
    assert_eq!(front.get_queue_num().unwrap(), 2);
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!(queue.request(OUT, 0, &[1; 512], 0).0, IOERR);
    assert_eq!(queue.request(DISCARD, 0, &range(0, 8, 0), 0).0, IOERR);
    assert_eq!(queue.request(WRITE_ZEROES, 0, &range(0, 8, 0), 0).0, IOERR);
    assert_eq!(queue.request(FLUSH, 0, &[], 0).0, OK);
    assert_eq!(queue.request(IN, 0, &[], 512), (OK, 513, vec![0; 512]));
}
