//! Drivers that break the rules: each request is answered with an error or an empty answer, and the next one is served.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/driver.rs"]
mod driver;
#[path = "common/vhost.rs"]
mod served;

use driver::{AVAILABLE, Guest, INDIRECT, NEXT, Queue, TABLES, USED, WRITE};
use served::*;

const DATA: u64 = 64 << 10;
const CANARY: u8 = 0xc3;

fn offer(queue: &mut Queue, head: u16) -> (u16, u32) {
    queue.offer(head);
    queue.send();
    queue.wait()
}

/// The device still does what it is asked.
fn well(queue: &mut Queue, seed: u64) {
    let bytes = pattern(seed, 4096);
    assert_eq!(queue.request(OUT, 800, &bytes, 0).0, OK);
    assert!(queue.request(IN, 800, &[], 4096).2 == bytes);
}

#[test]
fn requests_that_make_no_sense_are_refused_with_a_status() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    let end = SIZE / 512;
    let many = range(0, 8, 0).repeat(17);
    let table: [(u32, u64, &[u8], u32, u8); 32] = [
        (IN, end, &[], 512, IOERR),
        (IN, end - 1, &[], 1024, IOERR),
        (IN, u64::MAX, &[], 512, IOERR),
        (IN, u64::MAX / 512, &[], 512, IOERR),
        (IN, 1 << 55, &[], 512, IOERR),
        (IN, 0, &[], 511, IOERR),
        (IN, 0, &[], 513, IOERR),
        (IN, 0, &[], 1, IOERR),
        (OUT, end, &[1; 512], 0, IOERR),
        (OUT, u64::MAX - 1, &[1; 1024], 0, IOERR),
        (OUT, 0, &[1; 1], 0, IOERR),
        (OUT, 0, &[1; 1023], 0, IOERR),
        (2, 0, &[], 0, UNSUPP),
        (3, 0, &[1; 512], 0, UNSUPP),
        (5, 0, &[], 512, UNSUPP),
        (14, 0, &range(0, 8, 0), 0, UNSUPP),
        (u32::MAX, 0, &[], 0, UNSUPP),
        (DISCARD, 0, &[], 0, IOERR),
        (DISCARD, 0, &range(0, 8, 0)[..15], 0, IOERR),
        (DISCARD, 0, &[0; 17], 0, IOERR),
        (DISCARD, 0, &many, 0, IOERR),
        (DISCARD, 0, &range(0, 8, 1), 0, UNSUPP),
        (DISCARD, 0, &range(0, 8, 0x8000_0000), 0, UNSUPP),
        (DISCARD, 0, &range(0, (1 << 21) + 1, 0), 0, IOERR),
        (DISCARD, 0, &range(end - 7, 8, 0), 0, IOERR),
        (DISCARD, 0, &range(u64::MAX / 512 + 1, 8, 0), 0, IOERR),
        (WRITE_ZEROES, 0, &range(0, 8, 2), 0, UNSUPP),
        (WRITE_ZEROES, 0, &range(0, 8, 3), 0, UNSUPP),
        (WRITE_ZEROES, 0, &range(0, u32::MAX, 0), 0, IOERR),
        (WRITE_ZEROES, 0, &range(end, 1, 1), 0, IOERR),
        (WRITE_ZEROES, 0, &range(u64::MAX, 1, 1), 0, IOERR),
        (WRITE_ZEROES, 0, &[range(0, 8, 1), range(end, 1, 1)].concat(), 0, IOERR),
    ];
    well(&mut queue, 1);
    assert_eq!(queue.request(OUT, 0, &[9; 4096], 0).0, OK);
    for (row, (kind, sector, sent, wanted, expected)) in table.into_iter().enumerate() {
        queue.write(queue.data(0), &[CANARY; 2048]);
        let (status, written, read) = queue.request(kind, sector, sent, wanted);
        assert_eq!(status, expected, "row {row}");
        assert!(read.iter().all(|byte| *byte == CANARY), "row {row} wrote data");
        assert_eq!(written, u32::from(wanted == 0), "row {row}");
    }
    // A request of which one range is bad does nothing at all.
    assert_eq!(queue.request(IN, 0, &[], 4096).2, [9; 4096]);
    well(&mut queue, 2);
}

/// What a driver writes into its table before it offers descriptor 20.
type Bad = fn(&Queue, &dyn Fn(u16, u64, u32, u16, u16));

#[test]
fn chains_that_break_the_rules_are_answered_and_touch_nothing() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    // `d(number, address, length, flags, next)`. 21, 22, … follow 20.
    let table: [(&str, Bad); 22] = [
        ("a loop of one", |q, d| d(20, q.head(5), 16, NEXT, 20)),
        ("a loop of two", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.head(5), 16, NEXT, 20);
        }),
        ("a loop of what is wanted", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.data(5), 512, NEXT | WRITE, 21);
        }),
        ("a next that is not there", |q, d| d(20, q.head(5), 16, NEXT, 32)),
        ("a next far away", |q, d| d(20, q.head(5), 16, NEXT, u16::MAX)),
        ("no status", |q, d| d(20, q.head(5), 16, 0, 0)),
        ("no status, with data", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.data(5), 512, 0, 0);
        }),
        ("an empty status", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.head(5) + 16, 0, WRITE, 0);
        }),
        ("only a header outside", |_, d| d(20, 1 << 40, 16, 0, 0)),
        ("a header outside", |q, d| {
            d(20, u64::MAX - 8, 16, NEXT, 21);
            d(21, q.head(5) + 16, 1, WRITE, 0);
        }),
        ("data outside", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, 1 << 50, 512, NEXT | WRITE, 22);
            d(22, q.head(5) + 16, 1, WRITE, 0);
        }),
        ("data that ends outside", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.guest.bytes - 512, 1024, NEXT | WRITE, 22);
            d(22, q.head(5) + 16, 1, WRITE, 0);
        }),
        ("data that passes the end of all addresses", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, u64::MAX, u32::MAX, NEXT | WRITE, 22);
            d(22, q.head(5) + 16, 1, WRITE, 0);
        }),
        ("a status outside", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.guest.bytes, 1, WRITE, 0);
        }),
        ("read after write", |q, d| {
            d(20, q.head(5) + 16, 1, NEXT | WRITE, 21);
            d(21, q.head(5), 16, 0, 0);
        }),
        ("read between writes", |q, d| {
            d(20, q.head(5), 16, NEXT, 21);
            d(21, q.data(5), 512, NEXT | WRITE, 22);
            d(22, q.data(5), 512, NEXT, 23);
            d(23, q.head(5) + 16, 1, WRITE, 0);
        }),
        ("an empty table", |q, d| d(20, q.base + TABLES, 0, INDIRECT, 0)),
        ("a table and a half", |q, d| d(20, q.base + TABLES, 24, INDIRECT, 0)),
        ("a table outside", |_, d| d(20, 1 << 44, 64, INDIRECT, 0)),
        ("a huge table", |q, d| d(20, q.base + TABLES, u32::MAX - 15, INDIRECT, 0)),
        ("a table and a next", |q, d| d(20, q.base + TABLES, 64, INDIRECT | NEXT, 21)),
        ("a table in a table", |q, d| {
            q.describe(q.base + TABLES, 0, (q.base + TABLES, 16, INDIRECT), 0);
            d(20, q.base + TABLES, 16, INDIRECT, 0);
        }),
    ];
    for (n, (what, bad)) in table.into_iter().enumerate() {
        // Reads of what was written, so that a device which is fooled shows it.
        queue.header(5, IN, 800);
        queue.write(queue.head(5) + 16, &[CANARY]);
        queue.write(queue.data(5), &[CANARY; 4096]);
        bad(&queue, &|number, address, len, flags, next| {
            queue.describe(queue.base, number, (address, len, flags), next);
        });
        assert_eq!(offer(&mut queue, 20), (20, 0), "{what}");
        assert_eq!(queue.status(5), CANARY, "{what}");
        assert_eq!(queue.read(queue.data(5), 4096), [CANARY; 4096], "{what}");
        well(&mut queue, n as u64);
    }
}

#[test]
fn short_headers_are_refused_and_long_chains_served() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    well(&mut queue, 9);
    for len in [0, 1, 15] {
        queue.header(5, IN, 800);
        let head = queue.chain(5, &[(queue.head(5), len, 0), (queue.head(5) + 16, 1, WRITE)]);
        assert_eq!(offer(&mut queue, head), (5, 1));
        assert_eq!(queue.status(5), IOERR);
    }
    // Only a status: nothing is asked.
    let head = queue.chain(5, &[(queue.head(5) + 16, 1, WRITE)]);
    queue.write(queue.head(5) + 16, &[CANARY]);
    assert_eq!(offer(&mut queue, head), (5, 1));
    assert_eq!(queue.status(5), IOERR);
    // The same byte 4096 times, and the status there too: odd, and the driver's own affair.
    queue.header(5, IN, 800);
    let place = queue.data(5);
    let table = queue.data(6);
    queue.describe(table, 0, (queue.head(5), 16, NEXT), 1);
    for n in 1..=512 {
        queue.describe(table, n, (place, 1, NEXT | WRITE), n + 1);
    }
    queue.describe(table, 513, (place, 1, WRITE), 0);
    queue.describe(queue.base, 7, (table, 514 * 16, INDIRECT), 0);
    assert_eq!(offer(&mut queue, 7), (7, 513));
    assert_eq!(queue.read(place, 1), [OK]);
}

#[test]
fn heads_that_are_not_there_are_answered_as_they_came() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    for head in [32, 33, 1000, u16::MAX] {
        assert_eq!(offer(&mut queue, head), (head, 0));
        well(&mut queue, head.into());
    }
}

#[test]
fn an_index_that_is_impossible_is_waited_out() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    well(&mut queue, 1);
    let good = queue.available;
    for jump in [33, 1000, 0x8000, u16::MAX] {
        queue.store(AVAILABLE + 2, good.wrapping_add(jump));
        queue.kick.write(1).unwrap();
        queue.sleep(50);
        assert_eq!(queue.load(USED + 2), good, "something was answered");
    }
    queue.store(AVAILABLE + 2, good);
    queue.kick.write(1).unwrap();
    well(&mut queue, 2);
}
