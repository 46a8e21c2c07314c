//! The NBD server on a stream of any bytes: the handshake, and requests after a good handshake.

use super::{VOLUME_ID, volume_of};
use crate::engine::Target;
use export::{Export, Listen};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use volume::Device;

const SIZE: u64 = 1 << 20;
const OPTION: u64 = 0x4948_4156_454F_5054;

/// A client that sends the input, says that it will send no more, and takes whatever comes back.
fn talk(path: &Path, sends: &[u8]) {
    let Ok(mut stream) = UnixStream::connect(path) else { panic!("the export no longer listens") };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let Ok(mut reader) = stream.try_clone() else { return };
    // Answers must be taken while the input is sent, or both sides wait for each other.
    let taking = std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    });
    let _ = stream.write_all(sends);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    assert!(taking.join().unwrap_or(false), "the session goes on although the client has left");
}

/// An export of a new volume; it lives as long as the target.
fn serve(target: &str) -> (PathBuf, Arc<Device>, Export) {
    let volume = volume_of(SIZE);
    let path = std::env::temp_dir().join(format!("sealvol-fuzz-{}-{target}.sock", std::process::id()));
    match Export::start(VOLUME_ID, volume.clone(), Listen::Unix(path.clone())) {
        Ok(export) => (path, volume, export),
        Err(error) => {
            eprintln!("no export to fuzz: {error}");
            std::process::exit(2)
        }
    }
}

fn option(number: u32, data: &[u8]) -> Vec<u8> {
    let head =
        [&OPTION.to_be_bytes()[..], &number.to_be_bytes(), &(data.len() as u32).to_be_bytes()].concat();
    [head, data.to_vec()].concat()
}

fn named(more: &[u8]) -> Vec<u8> {
    [&(VOLUME_ID.len() as u32).to_be_bytes()[..], VOLUME_ID.as_bytes(), more].concat()
}

/// What a good client says until it may send requests: structured replies, base:allocation, GO.
fn hello() -> Vec<u8> {
    let query = [&1_u32.to_be_bytes()[..], &15_u32.to_be_bytes(), b"base:allocation"].concat();
    [
        3_u32.to_be_bytes().to_vec(),
        option(8, b""),
        option(10, &named(&query)),
        option(7, &named(&[0, 1, 0, 3])),
    ]
    .concat()
}

fn request(flags: u16, command: u16, offset: u64, length: u32, data: &[u8]) -> Vec<u8> {
    let head = [&0x2560_9513_u32.to_be_bytes()[..], &flags.to_be_bytes(), &command.to_be_bytes()].concat();
    let rest = [&7_u64.to_be_bytes()[..], &offset.to_be_bytes(), &length.to_be_bytes(), data].concat();
    [head, rest].concat()
}

fn words() -> Vec<&'static [u8]> {
    vec![
        b"IHAVEOPT",
        &[0x25, 0x60, 0x95, 0x13],
        b"base:allocation",
        VOLUME_ID.as_bytes(),
        &[0, 0, 0, 7],
        &[0xff; 4],
        &[0xff; 8],
    ]
}

pub fn handshake() -> Target {
    let (path, _, export) = serve("handshake");
    Target {
        name: "handshake",
        seeds: vec![
            hello(),
            [3_u32.to_be_bytes().to_vec(), option(3, b""), option(6, &named(&[0, 0])), option(2, b"")]
                .concat(),
            [1_u32.to_be_bytes().to_vec(), option(1, VOLUME_ID.as_bytes())].concat(),
            [
                3_u32.to_be_bytes().to_vec(),
                option(9, &named(&0_u32.to_be_bytes())),
                option(5, b""),
                option(99, b"x"),
            ]
            .concat(),
        ],
        words: words(),
        length_max: 16384,
        memory_max: 8 << 20,
        run: Box::new(move |input| {
            let _ = &export;
            talk(&path, input);
        }),
    }
}

pub fn requests() -> Target {
    let (path, volume, export) = serve("nbd");
    let hello = hello();
    let unit = [0x5a; 4096];
    Target {
        name: "nbd",
        seeds: vec![
            [request(0, 1, 4096, 4096, &unit), request(0, 0, 0, 65536, b""), request(0, 3, 0, 0, b"")]
                .concat(),
            [
                request(1, 1, 100, 513, &unit[..513]),
                request(4, 0, 0, 8192, b""),
                request(0, 7, 0, 1 << 20, b""),
            ]
            .concat(),
            [request(0, 4, 0, 8192, b""), request(2, 6, 4096, 8192, b""), request(8, 7, 0, 4096, b"")]
                .concat(),
            [request(0, 5, 0, 4096, b""), request(16, 6, 0, 512, b""), request(0, 2, 0, 0, b"")].concat(),
            [request(0, 0, SIZE - 1, 2, b""), request(0, 1, u64::MAX, 1, b"x"), request(0, 99, 0, 0, b"")]
                .concat(),
        ],
        words: words(),
        length_max: 32768,
        memory_max: 64 << 20,
        run: Box::new(move |input| {
            let _ = &export;
            talk(&path, &[hello.as_slice(), input].concat());
            let mut all = vec![0; SIZE as usize];
            assert!(volume.read_at(&mut all, 0).is_ok(), "the volume can be read after any session");
        }),
    }
}
