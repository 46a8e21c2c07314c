//! Limits as a volume's ports meet them, on a clock that moves only by waiting.

use super::*;
use crate::Port;
use crate::port::testing::{MIB, outlet};
use env::{Clock, SimClock};
use std::sync::Arc;
use std::time::Duration;

const fn steady(per_second: u64) -> Rate {
    Rate { per_second, burst: None }
}

const LIMITS: Limits = Limits { io_bytes: 256 << 10, operations: steady(1000), bytes: steady(100 * MIB) };

/// Asks again and again, waiting as told; returns how many asked in the time.
fn ask(port: &Port, clock: &SimClock, bytes: u64, for_seconds: u64) -> u64 {
    let end = clock.monotonic() + Duration::from_secs(for_seconds);
    let mut asked = 0;
    port.arrived();
    while clock.monotonic() < end {
        if let Some(due) = port.hold(Kind::Read, bytes) {
            port.wait(due);
        }
        asked += 1;
        // A volume without limits would be asked for ever.
        assert!(asked < 10_000_000);
    }
    asked
}

#[test]
fn small_requests_are_held_to_the_operations_and_large_ones_to_the_bytes() {
    for (bytes, expected) in
        [(4096, 1000), (0, 1000), (100 << 10, 1000), (256 << 10, 400), (MIB, 100), (32 * MIB, 3)]
    {
        let (outlet, clock) = outlet();
        let asked = ask(&outlet.limited(&LIMITS).port(), &clock, bytes, 10);
        // What may be taken at once: a tenth of a second's worth; and the last one is waited for beyond the end.
        let slack = expected / 10 + 2;
        assert!((10 * expected..=10 * expected + slack + 2).contains(&asked), "{bytes} bytes: {asked}");
    }
}

#[test]
fn a_long_request_counts_as_several_and_what_moves_nothing_as_one_or_none() {
    let io = 256 << 10;
    for (kind, bytes, expected) in [
        (Kind::Read, 0, (1, 0)),
        (Kind::Read, 1, (1, 1)),
        (Kind::Write, io, (1, io)),
        (Kind::Write, io + 1, (2, io + 1)),
        (Kind::Read, 32 * MIB, (128, 32 * MIB)),
        (Kind::Trim, 1 << 40, (1, 0)),
        (Kind::Zero, 1 << 40, (1, 0)),
        (Kind::Flush, 0, (0, 0)),
    ] {
        assert_eq!(cost(kind, bytes, io), expected, "{kind:?} {bytes}");
    }
}

#[test]
fn a_burst_lasts_as_long_as_its_credit() {
    let (outlet, clock) = outlet();
    let burst = Some(Burst { per_second: 3000, credit: 54_000 });
    let limits = Limits { operations: Rate { per_second: 300, burst }, ..LIMITS };
    let port = outlet.limited(&limits).port();
    // 54,000 credits and 300 a second, spent at 3,000 a second, last 20 s.
    let first = ask(&port, &clock, 512, 20);
    assert!((59_800..60_400).contains(&first), "{first}");
    let then = ask(&port, &clock, 512, 20);
    assert!((5_980..6_350).contains(&then), "{then}");
    // A minute's rest earns 18,000.
    clock.sleep(Duration::from_secs(60));
    let rested = ask(&port, &clock, 512, 6);
    assert!((17_900..18_400).contains(&rested), "{rested}");
}

#[test]
fn connections_that_want_too_much_share_alike() {
    let (outlet, _) = outlet();
    let outlet = outlet.limited(&LIMITS);
    let ports = [outlet.port(), outlet.port(), outlet.port()];
    let mut due = [0; 3];
    let mut done = [0; 3];
    // Whoever is due first asks next; each asks for one at a time.
    for _ in 0..3000 {
        let next = (0..3).min_by_key(|n| due[*n]).unwrap();
        done[next] += 1;
        due[next] = ports[next].hold(Kind::Read, 4096).map_or(0, |due| due.at);
    }
    assert!(done.iter().max().unwrap() - done.iter().min().unwrap() <= 101, "{done:?}");
}

#[test]
fn waiting_counts_as_time_in_the_queue() {
    let (outlet, clock) = outlet();
    let port = outlet.clone().limited(&LIMITS).port();
    ask(&port, &clock, 4096, 1);
    port.arrived();
    let due = port.hold(Kind::Read, 100 * MIB).unwrap();
    port.wait(due);
    port.flush().unwrap();
    let flush = outlet.totals().of(Kind::Flush);
    assert!(flush.queue.total > Duration::from_millis(800), "{flush:?}");
    assert_eq!(flush.service.total, Duration::ZERO);
}

#[test]
fn the_end_of_the_export_ends_waiting_and_that_of_another_does_not() {
    let (outlet, clock) = outlet();
    let outlet = outlet.limited(&LIMITS);
    let other = outlet.beside();
    let port = outlet.port();
    port.hold(Kind::Read, 1000 * MIB);
    let due = port.hold(Kind::Read, 1).unwrap();
    other.end_waiting();
    let before = clock.monotonic();
    port.wait(due);
    assert!(clock.monotonic() - before > Duration::from_secs(5));
    port.hold(Kind::Read, 1000 * MIB);
    let (due, before) = (port.hold(Kind::Read, 1).unwrap(), clock.monotonic());
    outlet.end_waiting();
    port.wait(due);
    assert_eq!(clock.monotonic(), before);
    assert_eq!(port.hold(Kind::Read, 1000 * MIB), None);
}

#[test]
fn a_change_lets_the_waiting_go_and_holds_from_then_on() {
    let (outlet, clock) = outlet();
    let outlet = outlet.limited(&LIMITS);
    let port = outlet.port();
    ask(&port, &clock, 4096, 1);
    port.hold(Kind::Read, 0);
    let due = port.hold(Kind::Read, 1000 * MIB).unwrap();
    outlet.change_limits(&Limits { operations: steady(5000), ..LIMITS });
    let before = clock.monotonic();
    port.wait(due);
    assert_eq!(clock.monotonic(), before);
    // The bytes taken before stay taken: ten seconds' worth.
    let due = port.hold(Kind::Read, 1).unwrap();
    port.wait(due);
    assert!(clock.monotonic() - before > Duration::from_secs(9));
    let asked = ask(&port, &clock, 4096, 2);
    assert!((9_900..10_600).contains(&asked), "{asked}");
}

#[test]
fn a_change_gives_no_credit_back() {
    let burst = Some(Burst { per_second: 3000, credit: 30_000 });
    let limits = Limits { operations: Rate { per_second: 100, burst }, ..LIMITS };
    let (outlet, clock) = outlet();
    let outlet = outlet.limited(&limits);
    let port = outlet.port();
    ask(&port, &clock, 4096, 20);
    outlet.change_limits(&limits);
    let asked = ask(&port, &clock, 4096, 10);
    assert!((990..1_100).contains(&asked), "{asked}");
}

#[test]
fn without_limits_nobody_is_held() {
    let (outlet, _) = outlet();
    let port = outlet.port();
    outlet.change_limits(&LIMITS);
    assert!((0..100_000).all(|_| port.hold(Kind::Write, MIB).is_none()));
    port.wait(Due { at: u64::MAX, change: 0 });
}

#[test]
fn several_at_once_get_the_rate_together() {
    let limits = Limits { operations: steady(2000), ..LIMITS };
    let outlet = crate::port::testing::on_a_real_clock().limited(&limits);
    let (clock, asked) = (env::RealClock::default(), Arc::new(Mutex::new(0u64)));
    env::together("ask", 4, &|| {
        let port = outlet.port();
        for _ in 0..100 {
            port.arrived();
            if let Some(due) = port.hold(Kind::Read, 512) {
                port.wait(due);
            }
            *asked.lock() += 1;
        }
    });
    // 400 requests less the 200 that may go at once, and no upper bound: the machine may be busy.
    assert_eq!(*asked.lock(), 400);
    assert!(clock.monotonic() >= Duration::from_millis(99), "{:?}", clock.monotonic());
}
