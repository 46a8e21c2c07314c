//! One request: its header judged, its data moved, the volume called. The only file here that calls the volume.
//!
//! ```text
//!  sent:     type u32 | reserved u32 | sector u64 | data of a write, or ranges of 16 bytes
//!  wanted:   data of a read, or an id of 20 bytes | status u8
//!  a range:  sector u64 | sectors u32 | flags u32
//! ```
//! Data goes through a buffer of our own, in both directions. The volume encrypts and decrypts in the buffer that it is
//! given: in the guest's memory the guest would see ciphertext, and could change it between encrypting and storing.

use super::chain::Chain;
use super::config::{RANGE_SECTORS_MAX, RANGES_MAX, SECTOR_BYTES};
use super::memory::GuestMemory;
use super::past::Past;
use super::ring::Ring;
use crate::port::{Kind, Port};
use volume::{DATA_UNIT_BYTES, VolumeError};

/// As much as is moved at once. It should stay in the processor's own cache between the volume and the guest: with 64 KiB a
/// large write costs a tenth less than with 128.
const BUFFER_BYTES: usize = 64 << 10;
const HEADER_BYTES: usize = 16;
const ID_BYTES: usize = 20;
const RANGE_BYTES: usize = 16;

const IN: u32 = 0;
const OUT: u32 = 1;
const FLUSH: u32 = 4;
const GET_ID: u32 = 8;
const DISCARD: u32 = 11;
const WRITE_ZEROES: u32 = 13;

/// The only flag of a range, for WRITE_ZEROES.
const UNMAP: u32 = 1;

/// What a request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok = 0,
    /// It failed, or makes no sense.
    IoError = 1,
    /// We do not know the type, or a flag.
    Unsupported = 2,
}

/// A volume's failure is told once, here; guests get one number for all of them.
impl From<VolumeError> for Status {
    fn from(_: VolumeError) -> Status {
        Status::IoError
    }
}

/// How writes are to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub read_only: bool,
    /// Durable before the answer.
    pub write_through: bool,
}

/// What a request's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    number: u32,
    sector: u64,
}

impl Asked {
    /// `None`: there is no whole header.
    pub fn take(chain: &mut Chain<'_>) -> Option<Asked> {
        let mut header = [0; HEADER_BYTES];
        if !chain.sent.take(&mut header) {
            return None;
        }
        let [k0, k1, k2, k3, _, _, _, _, s0, s1, s2, s3, s4, s5, s6, s7] = header;
        let sector = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
        Some(Asked { number: u32::from_le_bytes([k0, k1, k2, k3]), sector })
    }

    fn read(self, chain: &Chain<'_>) -> Option<(u64, u64)> {
        let offset = self.sector.checked_mul(SECTOR_BYTES)?;
        (self.number == IN).then_some((offset, chain.wanted.left().into()))
    }

    /// As what the volume's limits count it. Which ranges are trimmed or zeroed does not matter for that.
    pub fn cost(self, chain: &Chain<'_>) -> Option<(Kind, u64)> {
        match self.number {
            IN => Some((Kind::Read, chain.wanted.left().into())),
            OUT => Some((Kind::Write, chain.sent.left().into())),
            FLUSH => Some((Kind::Flush, 0)),
            DISCARD => Some((Kind::Trim, 0)),
            WRITE_ZEROES => Some((Kind::Zero, 0)),
            _ => None,
        }
    }
}

/// The bytes that each of the waiting requests reads, if it reads any: offset and length, as the driver says them. A chain that
/// breaks the rules reads none: that is told when its turn comes. `chain` is for working with.
pub(crate) fn reads_waiting<'m>(
    ring: &Ring<'m>,
    memory: &'m GuestMemory,
    chain: &mut Chain<'m>,
) -> impl Iterator<Item = Option<(u64, u64)>> {
    (0..ring.waiting().unwrap_or_default()).map(move |n| {
        chain.collect(ring, memory, ring.peek(n)).ok()?;
        Asked::take(chain)?.read(chain)
    })
}

/// Does the requests of one queue.
pub(crate) struct Service<'d> {
    volume: &'d Port,
    past: &'d Past,
    buffer: Box<[u8]>,
}

#[derive(Clone, Copy)]
struct Range {
    offset: u64,
    len: u64,
    unmap: bool,
}

impl<'d> Service<'d> {
    pub fn new(volume: &'d Port, past: &'d Past) -> Service<'d> {
        Service { volume, past, buffer: vec![0; BUFFER_BYTES].into_boxed_slice() }
    }

    /// Does a request and sets its status. Returns how many bytes from the front of what the guest wanted were written. If it has to
    /// wait for the disk, it calls `meanwhile` before.
    pub fn run(
        &mut self,
        chain: &mut Chain<'_>,
        asked: Option<Asked>,
        manner: Manner,
        meanwhile: &mut dyn FnMut(),
    ) -> u32 {
        let wanted = chain.wanted.left();
        let status = match self.decide(chain, asked, manner, meanwhile) {
            Ok(()) => Status::Ok,
            Err(status) => status,
        };
        chain.set_status(status as u8);
        let left = chain.wanted.left();
        // The status lies behind all data; it counts if everything before it was written.
        if left == 0 { wanted.saturating_add(1) } else { wanted - left }
    }

    fn decide(
        &mut self,
        chain: &mut Chain<'_>,
        asked: Option<Asked>,
        manner: Manner,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), Status> {
        let Some(Asked { number, sector }) = asked else { return Err(Status::IoError) };
        match number {
            IN => self.read(chain, sector, meanwhile),
            OUT | DISCARD | WRITE_ZEROES if manner.read_only => Err(Status::IoError),
            OUT => self.write(chain, sector, manner.write_through),
            FLUSH => self.flush(),
            GET_ID => self.id(chain),
            DISCARD => self.discard(chain),
            WRITE_ZEROES => self.write_zeroes(chain, manner.write_through),
            _ => Err(Status::Unsupported),
        }
    }

    fn read(
        &mut self,
        chain: &mut Chain<'_>,
        sector: u64,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), Status> {
        let Range { offset: mut at, len, .. } = self.range(sector, chain.wanted.left().into())?;
        let end = at + len;
        while at < end {
            let piece = piece(at, end);
            let buffer = self.buffer.get_mut(..piece).ok_or(Status::IoError)?;
            let done = self.volume.read_at(buffer, at, &mut *meanwhile);
            if done.is_ok() && !chain.wanted.put(buffer) {
                return Err(Status::IoError);
            }
            self.told("read", done)?;
            at += piece as u64;
        }
        Ok(())
    }

    fn write(&mut self, chain: &mut Chain<'_>, sector: u64, durable: bool) -> Result<(), Status> {
        let Range { offset: mut at, len, .. } = self.range(sector, chain.sent.left().into())?;
        let end = at + len;
        while at < end {
            let piece = piece(at, end);
            let buffer = self.buffer.get_mut(..piece).ok_or(Status::IoError)?;
            if !chain.sent.take(buffer) {
                return Err(Status::IoError);
            }
            let done = self.volume.write_at(buffer, at, false);
            self.told("write", done)?;
            at += piece as u64;
        }
        if durable { self.flush() } else { Ok(()) }
    }

    /// Makes durable what was answered before, unless some of it may be lost: then the guest is told so.
    fn flush(&self) -> Result<(), Status> {
        if self.past.must_tell() {
            tracing::warn!(
                volume = self.volume.volume_id(),
                "a flush fails: writes before a crash may be lost"
            );
            return Err(Status::IoError);
        }
        self.told("flush", self.volume.flush())
    }

    /// EBS's own serial number: the volume's id without its dash.
    fn id(&self, chain: &mut Chain<'_>) -> Result<(), Status> {
        let mut id = [0; ID_BYTES];
        let letters = self.volume.volume_id().bytes().filter(|byte| *byte != b'-');
        id.iter_mut().zip(letters).for_each(|(place, byte)| *place = byte);
        let len = ID_BYTES.min(chain.wanted.left() as usize);
        if id.get(..len).is_some_and(|id| chain.wanted.put(id)) { Ok(()) } else { Err(Status::IoError) }
    }

    fn discard(&mut self, chain: &mut Chain<'_>) -> Result<(), Status> {
        let (ranges, count) = self.ranges(chain, 0)?;
        for range in ranges.iter().take(count) {
            self.told("discard", self.volume.trim(range.offset, range.len))?;
        }
        Ok(())
    }

    fn write_zeroes(&mut self, chain: &mut Chain<'_>, durable: bool) -> Result<(), Status> {
        let (ranges, count) = self.ranges(chain, UNMAP)?;
        for range in ranges.iter().take(count) {
            let done = self.volume.write_zeroes(range.offset, range.len, range.unmap, false);
            self.told("write zeroes", done)?;
        }
        if durable { self.flush() } else { Ok(()) }
    }

    /// The ranges of a request, all judged before any is done.
    fn ranges(
        &self,
        chain: &mut Chain<'_>,
        flags_known: u32,
    ) -> Result<([Range; RANGES_MAX as usize], usize), Status> {
        let mut ranges = [Range { offset: 0, len: 0, unmap: false }; RANGES_MAX as usize];
        let (len, mut raw) = (chain.sent.left() as usize, [0; RANGE_BYTES]);
        let count = len / RANGE_BYTES;
        if len == 0 || !len.is_multiple_of(RANGE_BYTES) || count > ranges.len() {
            return Err(Status::IoError);
        }
        for range in ranges.iter_mut().take(count) {
            if !chain.sent.take(&mut raw) {
                return Err(Status::IoError);
            }
            let [s0, s1, s2, s3, s4, s5, s6, s7, c0, c1, c2, c3, f0, f1, f2, f3] = raw;
            let sectors = u32::from_le_bytes([c0, c1, c2, c3]);
            let flags = u32::from_le_bytes([f0, f1, f2, f3]);
            if flags & !flags_known != 0 {
                return Err(Status::Unsupported);
            }
            if sectors > RANGE_SECTORS_MAX {
                return Err(Status::IoError);
            }
            let sector = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
            *range = self.range(sector, u64::from(sectors) * SECTOR_BYTES)?;
            range.unmap = flags & UNMAP != 0;
        }
        Ok((ranges, count))
    }

    /// A range in bytes, if it is whole sectors inside the volume.
    fn range(&self, sector: u64, len: u64) -> Result<Range, Status> {
        let offset = sector.checked_mul(SECTOR_BYTES).ok_or(Status::IoError)?;
        let end = offset.checked_add(len).ok_or(Status::IoError)?;
        if !len.is_multiple_of(SECTOR_BYTES) || end > self.volume.size_bytes() {
            return Err(Status::IoError);
        }
        Ok(Range { offset, len, unmap: false })
    }

    fn told(&self, what: &str, done: Result<(), VolumeError>) -> Result<(), Status> {
        done.map_err(|error| {
            tracing::warn!(volume = self.volume.volume_id(), %error, what, "a request failed");
            Status::from(error)
        })
    }
}

/// Bytes of the next piece: a buffer full at most, and up to the end of a unit unless it is the last.
fn piece(at: u64, end: u64) -> usize {
    (end - at).min(BUFFER_BYTES as u64 - at % DATA_UNIT_BYTES) as usize
}
