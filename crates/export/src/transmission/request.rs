//! A request, parsed and judged. Any bytes may come; none panic.
//!
//! ```text
//!  0x25609513 | flags u16 | type u16 | cookie u64 | offset u64 | length u32 | payload of a write
//! ```

use crate::errno::Errno;
use crate::handshake::{Agreed, PAYLOAD_MAX};
use crate::port::Kind;
use crate::reply::Cookie;
use crate::turns::LARGE_BYTES;

pub(crate) const REQUEST_BYTES: usize = 28;
const MAGIC: [u8; 4] = 0x2560_9513_u32.to_be_bytes();

const READ: u16 = 0;
const WRITE: u16 = 1;
const DISC: u16 = 2;
const FLUSH: u16 = 3;
const TRIM: u16 = 4;
const CACHE: u16 = 5;
const WRITE_ZEROES: u16 = 6;
const BLOCK_STATUS: u16 = 7;

const FUA: u16 = 1 << 0;
const NO_HOLE: u16 = 1 << 1;
const DF: u16 = 1 << 2;
const REQ_ONE: u16 = 1 << 3;
const FAST_ZERO: u16 = 1 << 4;

/// The 28 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub flags: u16,
    pub kind: u16,
    pub cookie: Cookie,
    pub offset: u64,
    pub length: u32,
}

/// The requests that begin these bytes, as far as they are whole.
pub(super) fn requests(received: &[u8]) -> impl Iterator<Item = Request> {
    let mut rest = received;
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk()?;
        let request = Request::parse(head)?;
        // Of a payload that is not all there, nothing follows.
        rest = tail.get(request.payload_bytes() as usize..).unwrap_or_default();
        Some(request)
    })
}

/// A request that can be done: its range is inside the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `whole`: in one chunk.
    Read {
        whole: bool,
    },
    Write {
        fua: bool,
    },
    Disconnect,
    Flush,
    Trim {
        fua: bool,
    },
    Cache,
    WriteZeroes {
        punch: bool,
        fua: bool,
    },
    /// `one`: the first extent is enough.
    BlockStatus {
        one: bool,
    },
}

impl Command {
    /// What it counts as; `None`: it moves nothing.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Command::Read { .. } | Command::Cache => Some(Kind::Read),
            Command::Write { .. } => Some(Kind::Write),
            Command::Flush => Some(Kind::Flush),
            Command::Trim { .. } => Some(Kind::Trim),
            Command::WriteZeroes { .. } => Some(Kind::Zero),
            Command::BlockStatus { .. } | Command::Disconnect => None,
        }
    }

    /// Whether the request is better done beside those that follow it. A write is not: its payload must be received first, and
    /// handing over what came behind it costs more than the overlap gains. A flush alone would be slower, too.
    pub fn is_beside(self, request: &Request) -> bool {
        matches!(self, Command::Read { .. }) && request.length >= LARGE_BYTES
    }
}

impl Request {
    /// The bytes that it reads: offset and length. `None`: it reads none, or makes no sense.
    pub fn reads(&self, agreed: Agreed, size: u64) -> Option<(u64, u64)> {
        let read = matches!(decide(self, agreed, size), Ok(Command::Read { .. }));
        read.then_some((self.offset, self.length.into()))
    }

    /// `None`: not a request.
    pub fn parse(bytes: &[u8; REQUEST_BYTES]) -> Option<Request> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (flags, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (cookie, rest) = rest.split_first_chunk()?;
        let (offset, length) = rest.split_first_chunk()?;
        (*magic == MAGIC).then_some(Request {
            flags: u16::from_be_bytes(*flags),
            kind: u16::from_be_bytes(*kind),
            cookie: *cookie,
            offset: u64::from_be_bytes(*offset),
            length: u32::from_be_bytes(*length.first_chunk()?),
        })
    }

    /// Bytes that follow the request.
    pub fn payload_bytes(&self) -> u64 {
        if self.kind == WRITE { self.length.into() } else { 0 }
    }

    /// Its reply must be structured if structured replies were agreed on.
    pub fn needs_structure(&self) -> bool {
        matches!(self.kind, READ | BLOCK_STATUS)
    }
}

/// Judges a request against what was agreed and the volume's size ("Error values", "Request types").
pub(super) fn decide(request: &Request, agreed: Agreed, size: u64) -> Result<Command, Errno> {
    let Request { flags, kind, .. } = *request;
    // FUA is allowed with every command and means nothing to those that do not write.
    let allowed = match kind {
        READ if agreed.structured => DF,
        WRITE_ZEROES => NO_HOLE | FAST_ZERO,
        BLOCK_STATUS => REQ_ONE,
        _ => 0,
    };
    let has = |flag| flags & flag != 0;
    if kind > BLOCK_STATUS || has(!(allowed | FUA)) {
        return Err(Errno::Invalid);
    }
    if matches!(kind, READ | WRITE) && request.length > PAYLOAD_MAX {
        return Err(Errno::Invalid);
    }
    if kind == BLOCK_STATUS && (!agreed.allocation || request.length == 0) {
        return Err(Errno::Invalid);
    }
    // FLUSH and DISC have no range; what they carry in its place is reserved.
    let ranged = !matches!(kind, FLUSH | DISC);
    let end = request.offset.checked_add(request.length.into());
    if ranged && end.is_none_or(|end| end > size) {
        return Err(if matches!(kind, WRITE | WRITE_ZEROES) { Errno::NoSpace } else { Errno::Invalid });
    }
    Ok(match kind {
        READ => Command::Read { whole: has(DF) },
        WRITE => Command::Write { fua: has(FUA) },
        DISC => Command::Disconnect,
        FLUSH => Command::Flush,
        TRIM => Command::Trim { fua: has(FUA) },
        CACHE => Command::Cache,
        // FAST_ZERO asks us to fail rather than be slow; zeroing is a change of the map and always fast.
        WRITE_ZEROES => Command::WriteZeroes { punch: !has(NO_HOLE), fua: has(FUA) },
        _ => Command::BlockStatus { one: has(REQ_ONE) },
    })
}
