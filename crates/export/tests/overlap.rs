//! Large requests of one connection run side by side: every reply is whole, carries its own bytes, and comes once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::serve;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const GIB: u64 = 1 << 30;
/// Every request has a place of its own, so its reply is known whatever the order.
const PLACE: u64 = 4 << 20;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// Simple replies only: a read's reply of several pieces has nothing that would tell it from another's.
fn connect(served: &common::Served) -> UnixStream {
    let mut socket = UnixStream::connect(served.socket()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.read_exact(&mut [0; 18]).unwrap();
    socket.write_all(&3u32.to_be_bytes()).unwrap();
    socket.write_all(b"IHAVEOPT\0\0\0\x01\0\0\0\0").unwrap();
    socket.read_exact(&mut [0; 10]).unwrap();
    socket
}

fn request(kind: u16, cookie: u64, offset: u64, length: u32) -> Vec<u8> {
    let mut bytes = 0x2560_9513_u32.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(cookie.to_be_bytes());
    bytes.extend(offset.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes
}

/// What the place holds: nobody else's bytes look like it.
fn content(place: u64, len: usize) -> Vec<u8> {
    (0..len).map(|n| (n as u64 >> 8).wrapping_mul(31).wrapping_add(place * 7 + n as u64) as u8).collect()
}

fn length(dice: &mut Dice) -> u32 {
    match dice.below(5) {
        0 => 1 + dice.below(5000) as u32,
        1 => 65_536,
        2 => 65_535 + dice.below(3) as u32 * 4097,
        3 => 262_144 + dice.below(2) as u32,
        // Longer than a piece of a reply, and than what is received at once.
        _ => 600_000 + dice.below(900_000) as u32,
    }
}

#[test]
fn replies_of_large_and_small_requests_are_whole_and_their_own() {
    let served = serve(GIB);
    let mut socket = connect(&served);
    let mut dice = Dice(20_261_121);
    for round in 0..4 {
        let lengths: Vec<u32> = (0..40).map(|_| length(&mut dice)).collect();
        // All at once, from a thread of its own: the replies are read meanwhile.
        for kind in [1u16, 0] {
            let mut sender = socket.try_clone().unwrap();
            let asked = lengths.clone();
            let sending = env::spawn("sender", move || {
                for (place, len) in (0..).zip(asked) {
                    let mut bytes = request(kind, place, place * PLACE + round, len);
                    if kind == 1 {
                        bytes.extend(content(place, len as usize));
                    }
                    sender.write_all(&bytes).unwrap();
                }
            });
            let mut left: BTreeMap<u64, u32> = (0..).zip(lengths.clone()).collect();
            while !left.is_empty() {
                let mut head = [0; 16];
                socket.read_exact(&mut head).unwrap();
                assert_eq!(head[..8], [0x67, 0x44, 0x66, 0x98, 0, 0, 0, 0], "a reply's head");
                let place = u64::from_be_bytes(head[8..].try_into().unwrap());
                let len = left.remove(&place).expect("a reply that nobody waits for");
                if kind == 0 {
                    let mut bytes = vec![0; len as usize];
                    socket.read_exact(&mut bytes).unwrap();
                    let wanted = content(place, len as usize);
                    let differs = bytes.iter().zip(&wanted).position(|(a, b)| a != b);
                    assert_eq!(differs, None, "round {round}, place {place}, {len} bytes");
                }
            }
            sending.unwrap().join().unwrap();
        }
    }
}

#[test]
fn a_client_that_goes_in_the_middle_leaves_no_thread_behind() {
    let mut served = serve(GIB);
    for cut in [10, 28, 70_000, 131_100, 400_000] {
        let mut socket = connect(&served);
        let writes: Vec<u8> =
            (0..4).flat_map(|n| [request(1, n, n * PLACE, 131_072), vec![7; 131_072]].concat()).collect();
        socket.write_all(&request(0, 9, 0, 1 << 20)).unwrap();
        socket.write_all(&writes[..cut]).unwrap();
        drop(socket);
    }
    // Waits for every session, and would wait for ever for one that hangs (the grace ends that, and then its thread is joined).
    served.export.take().unwrap().stop();
}

#[test]
fn a_disconnect_behind_large_requests_ends_the_connection_after_their_replies() {
    let served = serve(GIB);
    let mut socket = connect(&served);
    let mut all: Vec<u8> = (0..8).flat_map(|n| request(0, n, n * PLACE, 131_072)).collect();
    all.extend(request(2, 0, 0, 0));
    socket.write_all(&all).unwrap();
    let mut replies = Vec::new();
    socket.read_to_end(&mut replies).unwrap();
    assert_eq!(replies.len(), 8 * (16 + 131_072));
}
