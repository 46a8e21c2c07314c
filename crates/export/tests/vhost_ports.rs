//! What goes over vhost-user is counted and held to the volume's limits, together with what goes over NBD.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/driver.rs"]
mod driver;
#[path = "common/vhost.rs"]
mod served;

use driver::{Guest, WRITE};
use env::{Clock, RealFiles, SimClock, Timestamp};
use export::{Kind, Limits, Outlet, Rate, VhostExport};
use served::*;
use std::sync::Arc;

const DATA: u64 = 64 << 10;

fn outlet(root: &tempfile::TempDir) -> (Outlet, Arc<SimClock>) {
    let clock = Arc::new(SimClock::starting_at(Timestamp::from_secs(0)));
    let device = device(Arc::new(RealFiles), &root.path().join("volume"));
    (Outlet::new(device, clock.clone()), clock)
}

fn limits(operations: u64, bytes: u64) -> Limits {
    let rate = |per_second| Rate { per_second, burst: None };
    Limits { io_bytes: 256 << 10, operations: rate(operations), bytes: rate(bytes) }
}

#[test]
fn each_request_is_counted_once_with_its_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (outlet, _) = outlet(&root);
    let export = VhostExport::start(NAME, outlet.clone(), root.path().join("socket")).unwrap();
    let guest = Guest::new(2, 32, DATA);
    let mut front = guest.connect(export.path(), 0);
    let mut queues = [0, 1].map(|n| guest.start(&mut front, n, 0));
    for queue in &mut queues {
        assert_eq!(queue.request(OUT, 0, &[1; 8192], 0).0, OK);
        assert_eq!(queue.request(IN, 0, &[], 512).0, OK);
        assert_eq!(queue.request(FLUSH, 0, &[], 0).0, OK);
        assert_eq!(queue.request(DISCARD, 0, &range(0, 8, 0), 0).0, OK);
        assert_eq!(queue.request(WRITE_ZEROES, 0, &range(0, 16, 0), 0).0, OK);
        assert_eq!(queue.request(GET_ID, 0, &[], 20).0, OK);
        assert_eq!(queue.request(IN, SIZE / 512, &[], 512).0, IOERR, "refused before the volume");
    }
    // Another way to the volume counts with them.
    outlet.port().flush().unwrap();
    let of = |kind| {
        let totals = outlet.totals().of(kind);
        (totals.service.count(), totals.bytes, totals.errors)
    };
    let expected = [(2, 1024, 0), (2, 16_384, 0), (3, 0, 0), (2, 8192, 0), (2, 16_384, 0)];
    assert_eq!(Kind::ALL.map(of), expected);
    drop((front, export));
    assert_eq!(Kind::ALL.map(of), expected, "what ended queues counted stays");
}

/// Simulated seconds that so many reads of 64 KiB take.
fn seconds(limits: &Limits, reads: u16) -> u64 {
    let root = tempfile::tempdir().unwrap();
    let (outlet, clock) = outlet(&root);
    let outlet = outlet.limited(limits);
    let export = VhostExport::start(NAME, outlet, root.path().join("socket")).unwrap();
    let guest = Guest::new(1, 64, DATA);
    let mut front = guest.connect(export.path(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    for slot in 0..reads {
        let head = queue.place(slot, IN, 0, DATA as u32, WRITE);
        queue.offer(head);
    }
    queue.send();
    for slot in 0..reads {
        assert_eq!((queue.wait().0, queue.status(slot)), (slot, OK));
    }
    clock.monotonic().as_secs()
}

#[test]
fn limits_hold() {
    // The first second's tenth is there at once.
    assert_eq!(seconds(&limits(10, 1 << 40), 61), 6);
    assert_eq!(seconds(&limits(1 << 20, 10 * DATA), 61), 6);
    assert_eq!(seconds(&limits(1 << 20, 1 << 40), 61), 0);
}

#[test]
fn flushes_and_ids_are_free_and_a_stop_waits_for_no_limit() {
    let root = tempfile::tempdir().unwrap();
    let device = device(Arc::new(RealFiles), &root.path().join("volume"));
    // Seven long requests would take a minute of the real clock; a short one goes before.
    let outlet = Outlet::from(device).limited(&limits(1 << 20, 8192));
    let export = VhostExport::start(NAME, outlet.clone(), root.path().join("socket")).unwrap();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(export.path(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    for _ in 0..20 {
        assert_eq!(queue.request(FLUSH, 0, &[], 0).0, OK);
        assert_eq!(queue.request(GET_ID, 0, &[], 20).0, OK);
    }
    for slot in 0..8 {
        let bytes = if slot == 0 { 512 } else { DATA as u32 };
        let head = queue.place(slot, IN, 0, bytes, WRITE);
        queue.offer(head);
    }
    queue.send();
    assert_eq!(queue.wait().0, 0, "an answer waited with the next request");
    export.stop();
    assert!(outlet.port().hold(Kind::Read, 512).is_some(), "another export is not held any more");
    for slot in 1..8 {
        assert_eq!((queue.wait().0, queue.status(slot)), (slot, OK));
    }
    drop(front);
}
