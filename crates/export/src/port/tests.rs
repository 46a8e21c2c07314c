//! What is counted: every operation once, with its bytes and times, whichever port it came by, and whatever ended meanwhile.

use super::testing::{MIB, outlet};
use super::*;
use std::time::Duration;

fn micros(times: Times) -> u128 {
    times.total.as_micros()
}

#[test]
fn each_kind_is_counted_apart_with_its_bytes() {
    let (outlet, _) = outlet();
    let port = outlet.port();
    port.write_at(&mut [7; 8192], 0, true).unwrap();
    port.read_at(&mut [0; 512], 512, || {}).unwrap();
    port.read_at(&mut [0; 512], 0, || {}).unwrap();
    port.flush().unwrap();
    port.trim(0, 4096).unwrap();
    port.write_zeroes(4096, 4096, true, false).unwrap();
    port.extents(0, MIB, 9).unwrap();
    let of = |kind| {
        let totals = outlet.totals().of(kind);
        assert_eq!(totals.queue.count(), totals.service.count());
        (totals.service.count(), totals.bytes, totals.errors)
    };
    assert_eq!(Kind::ALL.map(of), [(2, 1024, 0), (1, 8192, 0), (1, 0, 0), (1, 4096, 0), (1, 4096, 0)]);
}

#[test]
fn failures_are_counted_and_their_bytes_are_not() {
    let (outlet, _) = outlet();
    let port = outlet.port();
    assert!(port.read_at(&mut [0; 512], MIB, || {}).is_err());
    assert!(port.write_at(&mut [0; 512], MIB - 1, false).is_err());
    for kind in [Kind::Read, Kind::Write] {
        let totals = outlet.totals().of(kind);
        assert_eq!((totals.service.count(), totals.errors, totals.bytes), (1, 1, 0));
    }
}

#[test]
fn time_in_the_queue_and_time_in_service_are_apart() {
    let (outlet, clock) = outlet();
    let port = outlet.port();
    let take = |micros| {
        port.count(Kind::Read, 0, |_| {
            clock.sleep(Duration::from_micros(micros));
            Ok(())
        })
        .unwrap();
    };
    clock.sleep(Duration::from_secs(5)); // nobody asked for anything
    port.arrived();
    take(10);
    take(20); // waited 10
    clock.sleep(Duration::from_micros(100)); // replies are sent
    port.resumed();
    take(3); // waited 130
    let reads = outlet.totals().of(Kind::Read);
    assert_eq!((micros(reads.queue), micros(reads.service)), (140, 33));
}

#[test]
fn the_ports_of_a_volume_add_up_and_what_closed_ones_counted_stays() {
    let (first, _) = outlet();
    let second = first.clone();
    let (a, b) = (first.port(), second.port());
    for _ in 0..3 {
        a.flush().unwrap();
        b.flush().unwrap();
    }
    let count = || first.totals().of(Kind::Flush).service.count();
    assert_eq!(count(), 6);
    drop(a);
    assert_eq!(count(), 6);
    b.flush().unwrap();
    drop(b);
    second.port().flush().unwrap();
    assert_eq!((count(), second.totals()), (8, first.totals()));
}

#[test]
fn nothing_is_lost_when_many_count_while_others_look() {
    let (outlet, _) = outlet();
    env::together("count", 4, &|| {
        for _ in 0..200 {
            let port = outlet.port();
            (0..10).for_each(|_| port.trim(0, 4096).unwrap());
            assert!(outlet.totals().of(Kind::Trim).bytes >= 40_960);
        }
    });
    let trims = outlet.totals().of(Kind::Trim);
    assert_eq!((trims.service.count(), trims.bytes), (8000, 8000 * 4096));
}
