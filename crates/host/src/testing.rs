//! A device as a hypervisor sees it: a small NBD client over the socket of an attachment; and who hears of damage.

use crate::Notices;
use parking_lot::Mutex;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use volume::Damage;

/// What the test writes, at 4 KiB, and looks for on the disk.
pub const MARKER: &[u8] = b"this is a plaintext marker that must not reach the disk ........";

/// An NBD client that knows as much as the test needs: the old export-name option, read, write, flush.
pub struct Device(UnixStream);

impl Device {
    pub fn open(uri: &str) -> Device {
        let path = uri.split_once("?socket=").unwrap().1;
        let mut stream = UnixStream::connect(path).unwrap();
        stream.read_exact(&mut [0; 18]).unwrap();
        // Fixed newstyle, no zeroes.
        stream.write_all(&3u32.to_be_bytes()).unwrap();
        stream.write_all(b"IHAVEOPT\0\0\0\x01\0\0\0\0").unwrap();
        let mut export = [0; 10];
        stream.read_exact(&mut export).unwrap();
        assert_eq!(&export[..8], &(1u64 << 30).to_be_bytes());
        Device(stream)
    }

    fn command(&mut self, kind: u16, offset: u64, len: usize, out: &[u8]) -> Vec<u8> {
        let mut request = 0x2560_9513u32.to_be_bytes().to_vec();
        request.extend([0, 0]);
        request.extend(kind.to_be_bytes());
        request.extend([7; 8]);
        request.extend(offset.to_be_bytes());
        request.extend(u32::try_from(len).unwrap().to_be_bytes());
        request.extend(out);
        self.0.write_all(&request).unwrap();
        let mut head = [0; 16];
        self.0.read_exact(&mut head).unwrap();
        assert_eq!(&head[4..8], [0; 4], "the device answered with an error");
        let mut answer = vec![0; if kind == 0 { len } else { 0 }];
        self.0.read_exact(&mut answer).unwrap();
        answer
    }

    pub fn read(&mut self) -> Vec<u8> {
        self.command(0, 4096, MARKER.len(), &[])
    }

    pub fn write(&mut self) {
        self.command(1, 4096, MARKER.len(), MARKER);
        self.command(3, 0, 0, &[]);
    }

    /// Whether the other side has hung up.
    pub fn is_gone(&mut self) -> bool {
        !matches!(self.0.read(&mut [0]), Ok(n) if n > 0)
    }
}

/// Keeps the damage that it is told of; a volume must not fail.
#[derive(Default)]
pub struct Told(pub Mutex<Vec<Damage>>);

impl Notices for Told {
    fn damaged(&self, damage: &Damage) {
        self.0.lock().push(damage.clone());
    }

    fn read_only(&self, volume: &str, why: &str) {
        panic!("{volume} failed: {why}");
    }
}
