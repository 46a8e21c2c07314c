//! The transmission phase: requests in, replies out.
//!
//! The thread that received a request does it, up to its reply: no queue between. Small requests are done one after the other
//! by one thread, and their replies wait until there is nothing more to read, so 32 requests that arrive together leave in one
//! send. Large ones are done by two threads in turns (`turns.rs`), and several connections run side by side (we announce
//! multi-conn).

mod request;
mod status;

use crate::errno::Errno;
use crate::handshake::Agreed;
use crate::port::{Ahead, Port};
use crate::receive::{Channel, PIECE_BYTES};
use crate::reply::{Cookie, DATA_HEAD_BYTES, READ_PIECE_BYTES, SIMPLE_BYTES};
use crate::socket::Wire;
use crate::turns::Turn;
pub(crate) use request::REQUEST_BYTES;
use request::{Command, Request, decide, requests};
use std::io;
use volume::{DATA_UNIT_BYTES, VolumeError};

/// The most that one CACHE request reads ahead; it is a hint, and a request may name 4 GiB.
const CACHE_BYTES_MAX: u64 = 32 << 20;

/// Serves requests until the client leaves. Errors: the client broke the protocol, the connection broke, or a read failed
/// after its reply had begun.
pub(crate) fn serve<W: Wire>(channel: &mut Channel<W>, volume: &Port, agreed: Agreed) -> io::Result<()> {
    let order = channel.order.clone();
    let mut service = Service { channel, volume, agreed, ahead: Ahead::default() };
    loop {
        let mut turn = order.turn.lock();
        if turn.ended {
            return Ok(());
        }
        service.channel.take_over(&mut turn);
        let Some((request, command)) = service.turn(&mut turn)? else {
            turn.ended = true;
            return Ok(());
        };
        drop(turn);
        service.run(&request, command)?;
        // Before the wait for the next turn: the client may be waiting for this.
        service.channel.send()?;
    }
}

struct Service<'a, W> {
    channel: &'a mut Channel<W>,
    volume: &'a Port,
    agreed: Agreed,
    ahead: Ahead,
}

impl<W: Wire> Service<'_, W> {
    /// Waits if the volume's limits say so. What has been answered must not wait with it.
    fn hold(&mut self, request: &Request, command: Command) -> io::Result<()> {
        let Some(kind) = command.kind() else { return Ok(()) };
        if let Some(due) = self.volume.hold(kind, request.length.into()) {
            self.channel.send()?;
            self.volume.wait(due);
        }
        Ok(())
    }

    /// Does requests up to a large one, which is returned for the caller to do when the turn is over. `None`: the client leaves.
    fn turn(&mut self, turn: &mut Turn) -> io::Result<Option<(Request, Command)>> {
        while self.channel.wait_for(REQUEST_BYTES)? {
            let bytes = self.channel.take_array()?;
            // Without the magic we have lost the place in the stream; there is no way to find it again.
            let request = Request::parse(&bytes)
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no request magic"))?;
            self.ahead.next();
            self.channel.make_room(SIMPLE_BYTES + DATA_HEAD_BYTES)?;
            match decide(&request, self.agreed, self.volume.size_bytes()) {
                Ok(Command::Disconnect) => return Ok(None),
                Ok(command) => {
                    self.hold(&request, command)?;
                    if command.is_beside(&request) {
                        self.channel.hand_over(turn);
                        return Ok(Some((request, command)));
                    }
                    self.run(&request, command)?;
                }
                Err(errno) => {
                    self.channel.skip(request.payload_bytes())?;
                    self.refuse(&request, errno)?;
                }
            }
            if self.channel.replies.are_due() {
                self.channel.send()?;
            }
        }
        Ok(None)
    }

    fn run(&mut self, request: &Request, command: Command) -> io::Result<()> {
        let Request { offset, .. } = *request;
        let len = u64::from(request.length);
        let done = match command {
            Command::Read { whole } => return self.read(request, whole),
            Command::BlockStatus { one } => return self.block_status(request, one),
            Command::Write { fua } => self.write(offset, len, fua)?,
            Command::Flush => self.volume.flush(),
            Command::Trim { fua } => match self.volume.trim(offset, len) {
                Ok(()) if fua => self.volume.flush(),
                done => done,
            },
            Command::WriteZeroes { punch, fua } => self.volume.write_zeroes(offset, len, punch, fua),
            Command::Cache => self.cache(offset, len)?,
            Command::Disconnect => Ok(()),
        };
        match done {
            Ok(()) => self.channel.replies.simple(request.cookie, None),
            Err(error) => {
                tracing::warn!(volume = self.volume.volume_id(), %error, "a request failed");
                self.refuse(request, Errno::of(&error))
            }
        }
    }

    /// Stores the payload as it arrives, in pieces that end at unit borders: no request needs more memory than the
    /// receive buffer. If the connection breaks, what arrived before is written and the rest is as it was.
    fn write(&mut self, offset: u64, len: u64, fua: bool) -> io::Result<Result<(), VolumeError>> {
        let (mut at, end) = (offset, offset + len);
        while at < end {
            let piece = (PIECE_BYTES as u64 - at % DATA_UNIT_BYTES).min(end - at);
            let bytes = self.channel.take(piece as usize)?;
            at += piece;
            if let Err(error) = self.volume.write_at(bytes, at - piece, false) {
                self.channel.skip(end - at)?;
                return Ok(Err(error));
            }
        }
        Ok(if fua { self.volume.flush() } else { Ok(()) })
    }

    /// Answers a read, in pieces if it is long. With structured replies each piece is a chunk of its own, unless the
    /// client wants it whole.
    fn read(&mut self, request: &Request, whole: bool) -> io::Result<()> {
        let Request { cookie, offset, length, .. } = *request;
        let structured = self.agreed.structured;
        let chunks = structured && !whole;
        if length == 0 && structured {
            return self.channel.replies.nothing(cookie);
        }
        let (mut at, end) = (offset, offset + u64::from(length));
        let order = self.channel.order.clone();
        // A reply of several pieces without chunks must not have another reply between them.
        let whole = (length as usize > READ_PIECE_BYTES && !chunks).then(|| order.sending.lock());
        loop {
            let piece = (end - at).min(READ_PIECE_BYTES as u64);
            self.channel.make_room(DATA_HEAD_BYTES + piece as usize)?;
            let (received, replies) = self.channel.parts();
            let mark = replies.mark();
            if chunks {
                replies.data_head(cookie, at + piece == end, at, piece as u32)?;
            } else if at == offset && structured {
                replies.data_head(cookie, true, at, length)?;
            } else if at == offset {
                replies.simple(cookie, None)?;
            }
            let waiting = requests(received).map(|next| next.reads(self.agreed, self.volume.size_bytes()));
            let announce = || self.ahead.announce(self.volume, waiting);
            if let Err(error) = self.volume.read_at(replies.space(piece as usize)?, at, announce) {
                tracing::warn!(volume = self.volume.volume_id(), %error, "a read failed");
                // A reply of several pieces without chunks has promised its bytes: "the server MUST disconnect".
                if at > offset && !chunks {
                    return Err(io::Error::other(error));
                }
                replies.rewind(mark);
                return self.refuse(request, Errno::of(&error));
            }
            at += piece;
            if at == end {
                // The last piece, too, goes before anything else.
                return whole.map_or(Ok(()), |_| self.channel.send());
            }
        }
    }

    /// Brings the range into the kernel's cache.
    fn cache(&mut self, offset: u64, len: u64) -> io::Result<Result<(), VolumeError>> {
        let (mut at, end) = (offset, offset + len.min(CACHE_BYTES_MAX));
        while at < end {
            let piece = (end - at).min(READ_PIECE_BYTES as u64);
            self.channel.make_room(SIMPLE_BYTES + piece as usize)?;
            let mark = self.channel.replies.mark();
            let read = self.volume.read_at(self.channel.replies.space(piece as usize)?, at, || {});
            self.channel.replies.rewind(mark);
            if let Err(error) = read {
                return Ok(Err(error));
            }
            at += piece;
        }
        Ok(Ok(()))
    }

    /// An error reply. A read that was promised structure must get its error with structure.
    fn refuse(&mut self, request: &Request, errno: Errno) -> io::Result<()> {
        let cookie: Cookie = request.cookie;
        if self.agreed.structured && request.needs_structure() {
            self.channel.replies.error(cookie, errno)
        } else {
            self.channel.replies.simple(cookie, Some(errno))
        }
    }
}

#[cfg(test)]
mod tests;
