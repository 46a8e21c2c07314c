//! Guests that outlive a server, and what they are told of writes that may be lost.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/driver.rs"]
mod driver;
#[path = "common/vhost.rs"]
mod served;

use driver::{Guest, QUEUE_BYTES, Queue};
use env::{Files, RealFiles};
use export::VhostExport;
use served::*;
use std::path::PathBuf;
use vhost::vhost_user::message::VhostUserConfigFlags;
use vhost::vhost_user::{Frontend, VhostUserFrontend};

fn guest() -> Guest {
    Guest::new(2, 32, 4096)
}

/// Connects and starts the first queue.
fn connect(served: &Served, guest: &Guest) -> (Frontend, Queue) {
    let mut front = guest.connect(&served.socket(), 0);
    let queue = guest.start(&mut front, 0, 0);
    (front, queue)
}

fn write(queue: &mut Queue) -> u8 {
    queue.request(OUT, 8, &[5; 4096], 0).0
}

fn flush(queue: &mut Queue) -> u8 {
    queue.request(FLUSH, 0, &[], 0).0
}

/// A server whose guest has written and not flushed.
fn written() -> (Served, Guest) {
    let (served, guest) = (serve(), guest());
    let (front, mut queue) = connect(&served, &guest);
    assert_eq!(write(&mut queue), OK);
    drop(front);
    (served, guest)
}

fn kill(served: &mut Served) {
    drop(served.export.take());
}

fn start(served: &mut Served) {
    served.export = Some(VhostExport::start(NAME, served.device.clone(), served.socket()).unwrap());
}

fn stop(served: &mut Served) {
    served.export.take().unwrap().stop();
}

fn stopped(served: &Served) -> PathBuf {
    served.root.path().join("socket.stopped")
}

#[test]
fn after_a_kill_the_first_flush_fails_and_the_second_works() {
    let (mut served, guest) = written();
    kill(&mut served);
    assert!(!stopped(&served).exists());
    start(&mut served);
    let (_front, mut queue) = connect(&served, &guest);
    assert_eq!(queue.request(IN, 8, &[], 512).0, OK, "reading says nothing of durability");
    assert_eq!(write(&mut queue), OK);
    assert_eq!([flush(&mut queue), flush(&mut queue)], [IOERR, OK]);
}

#[test]
fn while_the_guest_lives_on_at_the_moment_of_the_kill_too() {
    let (mut served, guest) = (serve(), guest());
    let (_front, mut queue) = connect(&served, &guest);
    assert_eq!(write(&mut queue), OK);
    kill(&mut served);
    start(&mut served);
    let (_front, mut queue) = connect(&served, &guest);
    assert_eq!([flush(&mut queue), flush(&mut queue)], [IOERR, OK]);
}

#[test]
fn after_a_stop_guests_go_on() {
    let (mut served, guest) = written();
    for _ in 0..2 {
        stop(&mut served);
        assert!(stopped(&served).exists());
        start(&mut served);
        assert!(!stopped(&served).exists(), "it would be believed after a kill");
        let (_front, mut queue) = connect(&served, &guest);
        assert_eq!([flush(&mut queue), write(&mut queue)], [OK, OK]);
    }
    kill(&mut served);
    start(&mut served);
    let (_front, mut queue) = connect(&served, &guest);
    assert_eq!(flush(&mut queue), IOERR);
}

#[test]
fn a_stop_that_serves_nobody_keeps_what_is_known() {
    let (mut served, guest) = written();
    stop(&mut served);
    start(&mut served);
    stop(&mut served);
    start(&mut served);
    assert_eq!(flush(&mut connect(&served, &guest).1), OK);
}

#[test]
fn a_stop_does_not_vouch_for_a_guest_that_has_not_come_back_or_was_not_told() {
    let (mut served, guest) = written();
    kill(&mut served);
    // It has not come back.
    start(&mut served);
    stop(&mut served);
    // It comes back and does not flush.
    start(&mut served);
    assert_eq!(write(&mut connect(&served, &guest).1), OK);
    stop(&mut served);
    start(&mut served);
    let (_front, mut queue) = connect(&served, &guest);
    assert_eq!([flush(&mut queue), flush(&mut queue)], [IOERR, OK]);
}

#[test]
fn a_front_end_that_leaves_before_it_is_told_is_told_later() {
    let (mut served, guest) = written();
    kill(&mut served);
    start(&mut served);
    for _ in 0..3 {
        assert_eq!(write(&mut connect(&served, &guest).1), OK);
    }
    let (_front, mut queue) = connect(&served, &guest);
    assert_eq!([flush(&mut queue), flush(&mut queue)], [IOERR, OK]);
}

#[test]
fn any_queue_tells_it() {
    let (mut served, guest) = written();
    kill(&mut served);
    start(&mut served);
    let (mut front, mut first) = connect(&served, &guest);
    assert_eq!(write(&mut first), OK);
    // A queue that was never used says nothing of the other.
    let mut second = guest.start(&mut front, 1, 0);
    assert_eq!([flush(&mut second), flush(&mut first), flush(&mut second)], [IOERR, OK, OK]);
}

#[test]
fn new_guests_and_reconnections_miss_nothing() {
    let (mut served, _old) = written();
    kill(&mut served);
    start(&mut served);
    let fresh = guest();
    for _ in 0..3 {
        let (_front, mut queue) = connect(&served, &fresh);
        assert_eq!([flush(&mut queue), write(&mut queue), flush(&mut queue)], [OK; 3]);
    }
}

#[test]
fn a_guest_that_boots_anew_is_not_told_what_the_old_one_was_to_hear() {
    let (mut served, guest) = written();
    kill(&mut served);
    start(&mut served);
    let (front, mut queue) = connect(&served, &guest);
    assert_eq!(write(&mut queue), OK);
    queue.write(0, &vec![0; QUEUE_BYTES as usize]);
    drop(front);
    assert_eq!(flush(&mut connect(&served, &guest).1), OK);
}

#[test]
fn with_the_cache_off_the_first_write_fails() {
    let (mut served, guest) = written();
    kill(&mut served);
    start(&mut served);
    let mut front = guest.connect(&served.socket(), 0);
    front.set_config(32, VhostUserConfigFlags::WRITABLE, &[0]).unwrap();
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!([write(&mut queue), write(&mut queue), flush(&mut queue)], [IOERR, OK, OK]);
}

#[test]
fn a_cache_that_was_turned_off_stays_off() {
    let flags = VhostUserConfigFlags::WRITABLE;
    let (mut served, guest) = (serve(), guest());
    for (said, kept) in [(Some(0), 0), (None, 0), (Some(1), 1), (None, 1)] {
        let mut front = guest.connect(&served.socket(), 0);
        if let Some(said) = said {
            front.set_config(32, flags, &[said]).unwrap();
        }
        drop(front);
        kill(&mut served);
        start(&mut served);
        let mut front = guest.connect(&served.socket(), 0);
        assert_eq!(front.get_config(32, 1, flags, &[0]).unwrap().1, [kept], "{said:?}");
    }
}

#[test]
fn what_the_front_end_says_of_the_ring_counts_too() {
    let (served, guest) = (serve(), guest());
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = Queue::new(guest.clone(), 0, 0);
    guest.start_at(&mut front, &queue, 7);
    assert_eq!([flush(&mut queue), flush(&mut queue)], [IOERR, OK]);
}

#[test]
fn a_file_that_makes_no_sense_vouches_for_nobody() {
    for text in ["", "0", "0 1 2", "0 65537", "256 1", "0 2", "1 1", "\u{0}", "0 1x"] {
        let (mut served, guest) = written();
        kill(&mut served);
        RealFiles.write_durably(&stopped(&served), text.as_bytes()).unwrap();
        start(&mut served);
        assert_eq!(flush(&mut connect(&served, &guest).1), IOERR, "{text:?}");
    }
    let (mut served, guest) = written();
    kill(&mut served);
    RealFiles.write_durably(&stopped(&served), b"9 9\n0 1\n").unwrap();
    start(&mut served);
    assert_eq!(flush(&mut connect(&served, &guest).1), OK, "this test cannot tell");
}

#[test]
fn a_file_that_cannot_be_taken_away_ends_the_start() {
    let (mut served, _guest) = written();
    kill(&mut served);
    RealFiles.create_dir_all(&stopped(&served).join("x")).unwrap();
    assert!(VhostExport::start(NAME, served.device.clone(), served.socket()).is_err());
}
