//! A small NBD client: fixed newstyle negotiation, simple replies, one request at a time, over a unix socket. The demo writes
//! and reads through it exactly what any NBD client would. Source: the NBD protocol,
//! <https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>. All numbers are big-endian.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

const MAGIC: u64 = 0x4e42_444d_4147_4943; // "NBDMAGIC"
const OPTION_MAGIC: u64 = 0x4948_4156_454f_5054; // "IHAVEOPT"
const OPTION_REPLY_MAGIC: u64 = 0x0003_e889_0455_65a9;
const REQUEST_MAGIC: u32 = 0x2560_9513;
const SIMPLE_REPLY_MAGIC: u32 = 0x6744_6698;
/// Handshake flag: the server speaks fixed newstyle. Our answer has the same bit.
const FIXED_NEWSTYLE: u16 = 1;
const OPTION_GO: u32 = 7;
const REPLY_ACK: u32 = 1;
const REPLY_INFO: u32 = 3;
const INFO_EXPORT: u16 = 0;
/// Longest option reply that is believed; real ones have some dozen bytes.
const REPLY_BYTES_MAX: u32 = 4096;
const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;
/// A device that says nothing for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a device is: socket and export name.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    pub socket: PathBuf,
    pub export: String,
}

/// Reads `nbd+unix:///<export>?socket=<path>` (the NBD URI specification), percent-decoded.
pub fn parse_uri(uri: &str) -> Option<Place> {
    use std::os::unix::ffi::OsStringExt;
    let (export, query) = uri.strip_prefix("nbd+unix:///")?.split_once('?')?;
    let socket = query.split('&').find_map(|pair| pair.strip_prefix("socket="))?;
    let socket = percent_encoding::percent_decode_str(socket).collect();
    let export = percent_encoding::percent_decode_str(export).decode_utf8().ok()?.into_owned();
    Some(Place { socket: std::ffi::OsString::from_vec(socket).into(), export })
}

/// A device, ready for requests.
pub struct Device<S: Read + Write> {
    stream: S,
    size: u64,
    /// Counts requests; the server must give each back.
    cookie: u64,
}

impl Device<UnixStream> {
    pub fn connect(place: &Place) -> io::Result<Self> {
        let stream = UnixStream::connect(&place.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Device::negotiate(stream, &place.export)
    }
}

impl<S: Read + Write> Device<S> {
    /// ```text
    /// S: NBDMAGIC IHAVEOPT flags:16        C: flags:32
    /// C: IHAVEOPT 7(GO) length:32 { name length:32 name, 0:16 }
    /// S: reply magic, option:32, type:32, length:32, data      INFO (EXPORT: size:64 flags:16) ... then ACK, or an error
    /// ```
    fn negotiate(mut stream: S, export: &str) -> io::Result<Self> {
        let mut hello = [0; 18];
        stream.read_exact(&mut hello)?;
        expect(
            u64_at(&hello, 0) == MAGIC && u64_at(&hello, 8) == OPTION_MAGIC,
            "no NBD server answers there",
        )?;
        let flags = u16::from_be_bytes([hello[16], hello[17]]);
        expect(flags & FIXED_NEWSTYLE != 0, "the server does not speak fixed newstyle")?;
        let name = export.as_bytes();
        let name_length = u32::try_from(name.len()).map_err(|_| bad("the export's name is too long"))?;
        let mut out = u32::from(FIXED_NEWSTYLE).to_be_bytes().to_vec();
        out.extend(OPTION_MAGIC.to_be_bytes());
        out.extend(OPTION_GO.to_be_bytes());
        out.extend((name_length + 6).to_be_bytes());
        out.extend(name_length.to_be_bytes());
        out.extend(name);
        out.extend(0u16.to_be_bytes());
        stream.write_all(&out)?;
        let mut size = None;
        loop {
            let mut head = [0; 20];
            stream.read_exact(&mut head)?;
            expect(u64_at(&head, 0) == OPTION_REPLY_MAGIC, "an option's reply has a wrong magic number")?;
            let (kind, length) = (u32_at(&head, 12), u32_at(&head, 16));
            expect(length <= REPLY_BYTES_MAX, "an option's reply is too long")?;
            let mut data = vec![0; length as usize];
            stream.read_exact(&mut data)?;
            match (kind, size) {
                (REPLY_ACK, Some(size)) => return Ok(Device { stream, size, cookie: 0 }),
                (REPLY_ACK, None) => return Err(bad("the server did not say how large the device is")),
                (REPLY_INFO, _) if data.len() == 12 && data[..2] == INFO_EXPORT.to_be_bytes() => {
                    size = Some(u64_at(&data, 2));
                }
                (REPLY_INFO, _) => {}
                (error, _) => {
                    let why = String::from_utf8_lossy(&data);
                    return Err(bad(&format!("the server refuses export {export} ({error:#x}): {why}")));
                }
            }
        }
    }

    /// Bytes of the device.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn write(&mut self, data: &[u8], offset: u64) -> io::Result<()> {
        let length = length_of(data)?;
        self.send(WRITE, offset, length)?;
        self.stream.write_all(data)?;
        self.reply("write")
    }

    pub fn read(&mut self, data: &mut [u8], offset: u64) -> io::Result<()> {
        let length = length_of(data)?;
        self.send(READ, offset, length)?;
        self.reply("read")?;
        self.stream.read_exact(data)
    }

    /// Returns when everything written before is durable.
    pub fn flush(&mut self) -> io::Result<()> {
        self.send(FLUSH, 0, 0)?;
        self.reply("flush")
    }

    /// Says goodbye.
    pub fn disconnect(mut self) -> io::Result<()> {
        self.send(DISCONNECT, 0, 0)
    }

    /// Request: magic:32 flags:16 type:16 cookie:64 offset:64 length:32.
    fn send(&mut self, kind: u16, offset: u64, length: u32) -> io::Result<()> {
        self.cookie += 1;
        let mut head = [0; 28];
        head[..4].copy_from_slice(&REQUEST_MAGIC.to_be_bytes());
        head[6..8].copy_from_slice(&kind.to_be_bytes());
        head[8..16].copy_from_slice(&self.cookie.to_be_bytes());
        head[16..24].copy_from_slice(&offset.to_be_bytes());
        head[24..].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&head)
    }

    /// Simple reply: magic:32 error:32 cookie:64.
    fn reply(&mut self, doing: &str) -> io::Result<()> {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head)?;
        expect(u32_at(&head, 0) == SIMPLE_REPLY_MAGIC, "a reply has a wrong magic number")?;
        expect(u64_at(&head, 8) == self.cookie, "a reply belongs to another request")?;
        match u32_at(&head, 4) {
            0 => Ok(()),
            errno => Err(bad(&format!("the device refuses to {doing}: error {errno}"))),
        }
    }
}

fn length_of(data: &[u8]) -> io::Result<u32> {
    u32::try_from(data.len()).map_err(|_| bad("more than 4 GiB in one request"))
}

fn expect(right: bool, otherwise: &str) -> io::Result<()> {
    if right { Ok(()) } else { Err(bad(otherwise)) }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The caller's buffer reaches that far; zeros stand in for what would be missing.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) << 32 | u64::from(u32_at(bytes, at + 4))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
#[path = "nbd_client_tests.rs"]
pub(super) mod tests;
