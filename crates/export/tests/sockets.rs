//! The server on real sockets: starting, stopping, limits, and clients that misbehave.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{NAME, serve};
use env::{Files, RealFiles};
use export::{Export, Listen};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

const GIB: u64 = 1 << 30;

/// Negotiates by EXPORT_NAME, the shortest way in.
fn enter<S: Read + Write>(mut socket: S) -> S {
    let mut hello = [0; 18];
    socket.read_exact(&mut hello).unwrap();
    socket.write_all(&3u32.to_be_bytes()).unwrap();
    socket.write_all(b"IHAVEOPT\0\0\0\x01\0\0\0\0").unwrap();
    let mut export = [0; 10];
    socket.read_exact(&mut export).unwrap();
    assert_eq!(export[..8], GIB.to_be_bytes());
    socket
}

fn connect(path: &Path) -> UnixStream {
    let socket = UnixStream::connect(path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    enter(socket)
}

fn request(kind: u16, offset: u64, length: u32) -> Vec<u8> {
    let mut bytes = 0x25609513u32.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(7u64.to_be_bytes());
    bytes.extend(offset.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes
}

fn write(socket: &mut impl Write, offset: u64, bytes: &[u8]) {
    socket.write_all(&[request(1, offset, bytes.len() as u32), bytes.to_vec()].concat()).unwrap();
}

fn reply(socket: &mut impl Read) -> u32 {
    let mut reply = [0; 16];
    socket.read_exact(&mut reply).unwrap();
    assert_eq!(reply[..4], 0x67446698u32.to_be_bytes());
    u32::from_be_bytes(reply[4..8].try_into().unwrap())
}

fn closed(socket: &mut impl Read) -> bool {
    match socket.read(&mut [0; 64]) {
        Ok(0) => true,
        Err(e) => e.kind() == ErrorKind::ConnectionReset,
        Ok(_) => false,
    }
}

#[test]
fn what_one_connection_wrote_another_reads_at_once() {
    let served = serve(GIB);
    let (mut a, mut b) = (connect(&served.socket()), connect(&served.socket()));
    for n in 0..50u8 {
        write(&mut a, u64::from(n) * 3000, &[n; 3000]);
        assert_eq!(reply(&mut a), 0);
        b.write_all(&request(0, u64::from(n) * 3000, 3000)).unwrap();
        assert_eq!(reply(&mut b), 0);
        let mut read = [0; 3000];
        b.read_exact(&mut read).unwrap();
        assert_eq!(read, [n; 3000]);
    }
}

#[test]
fn the_socket_is_the_owners_alone_and_gone_after_a_stop() {
    let mut served = serve(GIB);
    let mode = served.socket().symlink_metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    served.export.take().unwrap().stop();
    assert!(!served.socket().exists());
    assert!(UnixStream::connect(served.socket()).is_err());
    // And again in the same place.
    let again = Export::start(NAME, served.volume.clone(), Listen::Unix(served.socket())).unwrap();
    connect(&served.socket());
    drop(again);
    assert!(!served.socket().exists());
}

#[test]
fn a_dead_socket_file_is_replaced_and_a_living_one_is_not() {
    let served = serve(GIB);
    let dead = served.root.path().join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    assert!(dead.exists());
    let _export = Export::start(NAME, served.volume.clone(), Listen::Unix(dead.clone())).unwrap();
    connect(&dead);
    let second = Export::start(NAME, served.volume.clone(), Listen::Unix(dead));
    assert_eq!(second.err().unwrap().kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_stop_answers_what_was_asked_ends_the_sessions_and_makes_all_durable() {
    let mut served = serve(GIB);
    let mut busy = connect(&served.socket());
    let mut idle = connect(&served.socket());
    let mut negotiating = UnixStream::connect(served.socket()).unwrap();
    negotiating.read_exact(&mut [0; 18]).unwrap();
    for n in 0..20 {
        write(&mut busy, n * 4096, &[9; 4096]);
    }
    served.export.take().unwrap().stop();
    for _ in 0..20 {
        assert_eq!(reply(&mut busy), 0);
    }
    assert!(closed(&mut busy) && closed(&mut idle) && closed(&mut negotiating));
    let map = RealFiles.read(&served.root.path().join("volume/map")).unwrap();
    assert_eq!(&map[..7], b"SVMAPPG", "the map was not written");
}

#[test]
fn a_client_that_does_not_read_cannot_hold_up_a_stop() {
    let mut served = serve(GIB);
    let mut deaf = connect(&served.socket());
    for _ in 0..20 {
        deaf.write_all(&request(0, 0, 1 << 20)).unwrap();
    }
    // Dropped: no grace. (`stop` gives it 10 seconds.)
    drop(served.export.take());
    drop(deaf);
}

#[test]
fn the_65th_connection_is_closed_and_there_is_room_when_one_leaves() {
    let served = serve(GIB);
    let mut open: Vec<UnixStream> = (0..64).map(|_| connect(&served.socket())).collect();
    let mut refused = UnixStream::connect(served.socket()).unwrap();
    assert!(closed(&mut refused));
    open.pop().unwrap().write_all(&request(2, 0, 0)).unwrap();
    let again = (0..200).any(|_| {
        std::thread::yield_now();
        let mut socket = UnixStream::connect(served.socket()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket.read_exact(&mut [0; 18]).is_ok()
    });
    assert!(again);
}

#[test]
fn a_client_that_breaks_off_anywhere_leaves_the_server_well() {
    let served = serve(GIB);
    let whole = [request(1, 4096, 8192), vec![5; 8192]].concat();
    for cut in [0, 1, 27, 28, 29, 4000, 8000] {
        let mut socket = connect(&served.socket());
        socket.write_all(&whole[..cut]).unwrap();
    }
    let mut garbage = connect(&served.socket());
    garbage.write_all(&[0xff; 4096]).unwrap();
    assert!(closed(&mut garbage));
    let mut good = connect(&served.socket());
    write(&mut good, 0, b"well");
    assert_eq!(reply(&mut good), 0);
}

#[test]
fn tcp_is_offered_on_loopback_only() {
    let served = serve(GIB);
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let refused = Export::start(NAME, served.volume.clone(), Listen::Tcp(everywhere));
    assert_eq!(refused.err().unwrap().kind(), ErrorKind::Unsupported);
    let export =
        Export::start(NAME, served.volume.clone(), Listen::Tcp("127.0.0.1:0".parse().unwrap())).unwrap();
    let uri = export.uri();
    let address = uri.strip_prefix("nbd://").unwrap().strip_suffix(&format!("/{NAME}")).unwrap();
    let mut socket = enter(TcpStream::connect(address).unwrap());
    write(&mut socket, 1, b"over tcp");
    assert_eq!(reply(&mut socket), 0);
    export.stop();
    assert!(closed(&mut socket));
}
