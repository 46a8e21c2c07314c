//! Front-ends that come, go, crash and talk nonsense; stopping; what is durable when.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/driver.rs"]
mod driver;
#[path = "common/vhost.rs"]
mod served;

use driver::{Guest, Queue, USED, WRITE};
use env::{Crash, Files, SimFiles};
use export::VhostExport;
use served::*;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use vhost::vhost_user::VhostUserFrontend;
use vhost::vhost_user::message::VhostUserConfigFlags;
use vhost::{VhostBackend, VringConfigData};

const DATA: u64 = 64 << 10;
const CONFIG_WCE: u64 = 1 << 11;
const FLUSH_FEATURE: u64 = 1 << 9;

fn offer_writes(queue: &mut Queue, round: u64) {
    for slot in 0..32 {
        let bytes = pattern(round * 32 + u64::from(slot), DATA as usize);
        queue.write(queue.data(slot), &bytes);
        let head = queue.place(slot, OUT, u64::from(slot) * DATA / 512, DATA as u32, 0);
        queue.write(queue.head(slot) + 16, &[0xee]);
        queue.offer(head);
    }
    queue.send();
}

#[test]
fn a_front_end_that_crashes_finds_every_request_answered_once() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    for round in 0..12_u64 {
        offer_writes(&mut queue, round);
        // At once, after a few answers, after most.
        let seen = queue.last_used;
        while queue.load(USED + 2).wrapping_sub(seen) < [0, 1, 16, 31][round as usize % 4] {
            std::thread::yield_now();
        }
        drop(front);
        front = guest.connect(&served.socket(), 0);
        queue = guest.start(&mut front, 0, 0);
        queue.last_used = seen;
        for slot in 0..32 {
            assert_eq!(queue.wait(), (slot, 1), "in order, and each once");
            assert_eq!(queue.status(slot), OK);
        }
        let mut held = vec![0; DATA as usize];
        for slot in 0..32 {
            served.device.read_at(&mut held, slot * DATA).unwrap();
            assert!(held == pattern(round * 32 + slot, DATA as usize), "round {round}, slot {slot}");
        }
    }
    assert_eq!(queue.load(USED + 2), 12 * 32);
}

#[test]
fn another_server_goes_on_where_the_first_was_cut_off() {
    let mut served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    offer_writes(&mut queue, 5);
    // Dropped, not stopped: the request at hand is the last.
    drop(served.export.take());
    let seen = queue.last_used;
    served.export = Some(VhostExport::start(NAME, served.device.clone(), served.socket()).unwrap());
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    queue.last_used = seen;
    for slot in 0..32 {
        assert_eq!(queue.wait(), (slot, 1));
    }
}

#[test]
fn a_stop_answers_what_waits_and_makes_it_durable() {
    let mut served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    offer_writes(&mut queue, 7);
    let mode = served.socket().symlink_metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    served.export.take().unwrap().stop();
    for slot in 0..32 {
        assert_eq!((queue.answer(), queue.status(slot)), (Some((slot, 1)), OK));
    }
    assert!(!served.socket().exists());
    assert!(front.get_features().is_err(), "the connection is closed");
    let map = env::RealFiles.read(&served.root.path().join("volume/map")).unwrap();
    assert_eq!(&map[..7], b"SVMAPPG", "the map was not written");
}

#[test]
fn a_dead_socket_file_is_replaced_and_a_living_one_is_not() {
    let served = serve();
    let dead = served.root.path().join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    let _export = VhostExport::start(NAME, served.device.clone(), dead.clone()).unwrap();
    let second = VhostExport::start(NAME, served.device.clone(), dead);
    assert_eq!(second.err().unwrap().kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_queue_that_is_stopped_stands_still_and_goes_on_later() {
    let served = serve();
    let guest = Guest::new(2, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!(queue.request(OUT, 0, &[4; 512], 0).0, OK);
    front.set_vring_enable(0, false).unwrap();
    offer_writes(&mut queue, 1);
    queue.kick.write(1).unwrap();
    queue.sleep(50);
    assert_eq!(queue.load(USED + 2), 1, "a disabled queue was served");
    front.set_vring_enable(0, true).unwrap();
    (0..32).for_each(|slot| assert_eq!(queue.wait(), (slot, 1)));
    // A new table of memory, a new eventfd: nothing is lost between.
    offer_writes(&mut queue, 2);
    front.set_mem_table(&guest.regions()).unwrap();
    front.set_vring_call(0, &queue.call).unwrap();
    (0..32).for_each(|slot| assert_eq!(queue.wait(), (slot, 1)));
    assert_eq!(front.get_vring_base(0).unwrap(), 65);
    offer_writes(&mut queue, 3);
    queue.sleep(50);
    assert_eq!(queue.load(USED + 2), 65, "a stopped queue was served");
    front.set_vring_kick(0, &queue.kick).unwrap();
    (0..32).for_each(|slot| assert_eq!(queue.wait(), (slot, 1)));
}

#[test]
fn messages_that_make_no_sense_end_the_session_and_only_it() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let flags = VhostUserConfigFlags::WRITABLE;
    let config = VringConfigData { queue_max_size: 32, queue_size: 32, ..Default::default() };
    let outside = || {
        let mut regions = guest.regions();
        regions[0].memory_size += 4096;
        regions
    };
    let overlap = || {
        let mut regions = guest.regions();
        regions[0].guest_phys_addr -= 4096;
        regions
    };
    type Nonsense<'a> = &'a dyn Fn(&mut vhost::vhost_user::Frontend) -> bool;
    let table: [Nonsense; 11] = [
        &|front| front.set_features(1 << 3).is_err(),
        &|front| front.set_vring_num(0, 33).is_err(),
        &|front| front.set_vring_num(0, 0).is_err(),
        &|front| front.set_vring_num(0, 2048).is_err(),
        &|front| front.set_mem_table(&outside()).is_err(),
        &|front| front.set_mem_table(&overlap()).is_err(),
        &|front| front.set_config(0, flags, &[1; 8]).is_err(),
        &|front| front.set_config(32, flags, &[1; 2]).is_err(),
        &|front| front.reset_owner().and_then(|()| front.set_vring_base(64, 0)).is_err(),
        &|front| {
            // Memory that the table does not have.
            let (kick, at) = (vmm_sys_util::eventfd::EventFd::new(0).unwrap(), 1 << 60);
            let config = VringConfigData { desc_table_addr: at, ..config };
            front.set_vring_num(0, 32).unwrap();
            front.set_vring_addr(0, &config).unwrap();
            front.set_vring_enable(0, true).unwrap();
            front.set_vring_kick(0, &kick).is_err()
        },
        &|front| front.get_shmem_config().is_err(),
    ];
    for (n, nonsense) in table.iter().enumerate() {
        let mut front = guest.connect(&served.socket(), 0);
        assert!(nonsense(&mut front), "row {n} was accepted");
    }
    for garbage in [&[0xff; 4096][..], &[0; 12], &[1, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255], b"x"] {
        let mut socket = UnixStream::connect(served.socket()).unwrap();
        let _ = socket.write_all(garbage);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        assert!(matches!(socket.read(&mut [0; 64]), Ok(0) | Err(_)), "it was answered");
    }
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!(queue.request(GET_ID, 0, &[], 3).2, b"vol");
}

#[test]
fn a_second_front_end_waits_until_the_first_has_left() {
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let first = guest.connect(&served.socket(), 0);
    let mut second = UnixStream::connect(served.socket()).unwrap();
    // GET_FEATURES.
    second.write_all(&[1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    second.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    assert_eq!(second.read(&mut [0; 20]).unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(first);
    second.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    second.read_exact(&mut [0; 20]).unwrap();
}

/// Writes over vhost-user, lets the machine lose power, and says whether what was written is there.
fn survives(unwanted: u64, write_back: Option<u8>, flush: bool) -> bool {
    let files = SimFiles::new(3);
    let root = tempfile::tempdir().unwrap();
    let (shared, dir): (Arc<dyn Files>, _) = (Arc::new(files.clone()), Path::new("/v"));
    let device = device(shared, dir);
    let export = VhostExport::start(NAME, device.clone(), root.path().join("socket")).unwrap();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(export.path(), unwanted);
    if let Some(mode) = write_back {
        front.set_config(32, VhostUserConfigFlags::WRITABLE, &[mode]).unwrap();
        let flags = VhostUserConfigFlags::WRITABLE;
        assert_eq!(front.get_config(32, 1, flags, &[0]).unwrap().1, [mode]);
    }
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!(queue.request(OUT, 8, &[5; 4096], 0).0, OK);
    if flush {
        assert_eq!(queue.request(FLUSH, 0, &[], 0).0, OK);
    }
    drop((front, export, device));
    files.crash(Crash::Lost);
    let mut held = vec![1; 4096];
    served::device(Arc::new(files), dir).read_at(&mut held, 4096).unwrap();
    assert!(held == [5; 4096] || held == [0; 4096]);
    held == [5; 4096]
}

#[test]
fn writes_are_as_durable_as_was_negotiated() {
    assert!(!survives(0, None, false), "this test cannot tell");
    assert!(survives(0, None, true));
    assert!(survives(0, Some(0), false), "the driver turned the cache off");
    assert!(!survives(0, Some(1), false));
    assert!(!survives(CONFIG_WCE, None, false));
    assert!(survives(CONFIG_WCE | FLUSH_FEATURE, None, false), "the driver cannot flush");
}

#[test]
fn what_a_device_holds_is_not_seen_behind_a_short_read() {
    // A read that fails half-way leaves what it has not reached as it was.
    let served = serve();
    let guest = Guest::new(1, 32, DATA);
    let mut front = guest.connect(&served.socket(), 0);
    let mut queue = guest.start(&mut front, 0, 0);
    assert_eq!(queue.request(OUT, SIZE / 512 - 8, &[6; 4096], 0).0, OK);
    queue.write(queue.data(0), &[0xc3; 8192]);
    let head = queue.place(0, IN, SIZE / 512 - 8, 8192, WRITE);
    queue.offer(head);
    queue.send();
    assert_eq!(queue.wait(), (head, 0));
    assert_eq!((queue.status(0), queue.read(queue.data(0), 8192)), (IOERR, vec![0xc3; 8192]));
}
