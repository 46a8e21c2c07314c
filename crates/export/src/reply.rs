//! Replies of the transmission phase, gathered in one buffer.
//!
//! ```text
//!  simple reply       0x67446698 | error u32 | cookie u64 | data of a read
//!  structured chunk   0x668e33ef | flags u16 (1: last) | type u16 | cookie u64 | length u32 | …
//!       0 none        –
//!       1 data        offset u64, bytes
//!       5 status      context id u32, { length u32, flags u32 } …
//!   32769 error       error u32, message length u16, message
//! ```
//! All integers of the protocol are big-endian.

use crate::errno::Errno;
use std::io::{self, Write};

/// The longest piece of a read that is answered at once; longer reads come in several.
pub(crate) const READ_PIECE_BYTES: usize = 512 << 10;
/// Replies gathered beyond this are sent before the next request is done, while they are still in the processor's cache.
const SEND_BYTES: usize = 64 << 10;
/// A piece, its headers, and what may be gathered before it.
const BUFFER_BYTES: usize = SEND_BYTES + READ_PIECE_BYTES + 4096;

const SIMPLE_MAGIC: u32 = 0x6744_6698;
const CHUNK_MAGIC: u32 = 0x668e_33ef;
const LAST: u16 = 1;

/// Bytes of a simple reply.
pub(crate) const SIMPLE_BYTES: usize = 16;
/// Bytes before the data of a data chunk.
pub(crate) const DATA_HEAD_BYTES: usize = 28;

/// The number by which the client finds its request again; it means nothing to us.
pub(crate) type Cookie = [u8; 8];

pub(crate) struct Replies {
    bytes: Box<[u8]>,
    len: usize,
}

impl Replies {
    pub fn new() -> Replies {
        Replies { bytes: vec![0; BUFFER_BYTES].into_boxed_slice(), len: 0 }
    }

    pub fn room(&self) -> usize {
        self.bytes.len() - self.len
    }

    /// So much is gathered that it should go.
    pub fn are_due(&self) -> bool {
        self.len >= SEND_BYTES
    }

    pub fn send(&mut self, to: &mut impl Write) -> io::Result<()> {
        let len = std::mem::take(&mut self.len);
        match &self.bytes[..len] {
            [] => Ok(()),
            bytes => to.write_all(bytes),
        }
    }

    /// Appends bytes. Callers make room first; what does not fit is an error and not cut.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.space(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Appends `len` bytes for the caller to fill; they hold old replies of this connection.
    pub fn space(&mut self, len: usize) -> io::Result<&mut [u8]> {
        let space = self.bytes.get_mut(self.len..self.len + len);
        let space = space.ok_or_else(|| io::Error::other("a reply is longer than its buffer"))?;
        self.len += len;
        Ok(space)
    }

    /// Where the next reply starts.
    pub fn mark(&self) -> usize {
        self.len
    }

    /// Takes back what was appended since `mark`.
    pub fn rewind(&mut self, mark: usize) {
        self.len = self.len.min(mark);
    }

    /// A simple reply; the data of a successful read must follow.
    pub fn simple(&mut self, cookie: Cookie, error: Option<Errno>) -> io::Result<()> {
        let mut reply = [0; SIMPLE_BYTES];
        reply[..4].copy_from_slice(&SIMPLE_MAGIC.to_be_bytes());
        reply[4..8].copy_from_slice(&error.map_or(0, Errno::number).to_be_bytes());
        reply[8..].copy_from_slice(&cookie);
        self.put(&reply)
    }

    /// The last chunk of a reply that needs none other.
    pub fn nothing(&mut self, cookie: Cookie) -> io::Result<()> {
        self.chunk(cookie, LAST, 0, 0)
    }

    /// The head of a data chunk; `len` bytes must follow.
    pub fn data_head(&mut self, cookie: Cookie, last: bool, offset: u64, len: u32) -> io::Result<()> {
        self.chunk(cookie, if last { LAST } else { 0 }, 1, 8 + len)?;
        self.put(&offset.to_be_bytes())
    }

    /// The head of a block-status chunk of `extents` extents, each of which must follow as two numbers.
    pub fn status_head(&mut self, cookie: Cookie, context: u32, extents: u32) -> io::Result<()> {
        self.chunk(cookie, LAST, 5, 4 + 8 * extents)?;
        self.put(&context.to_be_bytes())
    }

    /// The error chunk that ends a structured reply. No message: clients print the error number's own.
    pub fn error(&mut self, cookie: Cookie, error: Errno) -> io::Result<()> {
        self.chunk(cookie, LAST, 32769, 6)?;
        self.put(&error.number().to_be_bytes())?;
        self.put(&[0, 0])
    }

    fn chunk(&mut self, cookie: Cookie, flags: u16, kind: u16, len: u32) -> io::Result<()> {
        let mut head = [0; 20];
        head[..4].copy_from_slice(&CHUNK_MAGIC.to_be_bytes());
        head[4..6].copy_from_slice(&flags.to_be_bytes());
        head[6..8].copy_from_slice(&kind.to_be_bytes());
        head[8..16].copy_from_slice(&cookie);
        head[16..].copy_from_slice(&len.to_be_bytes());
        self.put(&head)
    }
}
