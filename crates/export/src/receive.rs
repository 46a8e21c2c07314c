//! One buffer of received bytes, and the channel it belongs to.
//!
//! Many small requests arrive in one receive and are answered in one send; a write's payload is handed out as a slice of this
//! buffer, encrypted there and stored from there. Nothing is allocated after the start.

use crate::reply::Replies;
use crate::socket::Wire;
use crate::turns::{Order, Turn};
use std::io;
use std::sync::Arc;

/// Bytes of the buffer, and so the most that one receive takes.
const BUFFER_BYTES: usize = 512 << 10;
/// The most that can be asked for in one piece: half a buffer, so that making room seldom moves much.
pub(crate) const PIECE_BYTES: usize = BUFFER_BYTES / 2;

/// Both directions of a connection.
pub(crate) struct Channel<W> {
    stream: W,
    bytes: Box<[u8]>,
    /// Received and not taken: `bytes[start..end]`.
    start: usize,
    end: usize,
    pub replies: Replies,
    pub order: Arc<Order>,
}

impl<W: Wire> Channel<W> {
    pub fn new(stream: W) -> Channel<W> {
        Channel::sharing(stream, Arc::default())
    }

    /// One thread's channel of a connection that others serve, too.
    pub fn sharing(stream: W, order: Arc<Order>) -> Channel<W> {
        let bytes = vec![0; BUFFER_BYTES].into_boxed_slice();
        Channel { stream, bytes, start: 0, end: 0, replies: Replies::new(), order }
    }

    /// Goes on receiving where the last turn ended. All that was received before must be taken.
    pub fn take_over(&mut self, turn: &mut Turn) {
        let len = turn.rest.len().min(self.bytes.len());
        self.bytes[..len].copy_from_slice(&turn.rest[..len]);
        turn.rest.clear();
        (self.start, self.end) = (0, len);
    }

    /// Leaves to the next turn what was received and not taken.
    pub fn hand_over(&mut self, turn: &mut Turn) {
        turn.rest.extend_from_slice(self.bytes.get(self.start..self.end).unwrap_or_default());
        self.end = self.start;
    }

    /// What was received and not taken, and the replies.
    pub fn parts(&mut self) -> (&[u8], &mut Replies) {
        (self.bytes.get(self.start..self.end).unwrap_or_default(), &mut self.replies)
    }

    /// Nothing has been received that was not taken.
    pub fn is_drained(&self) -> bool {
        self.start == self.end
    }

    pub fn stream(&mut self) -> &mut W {
        &mut self.stream
    }

    /// Waits until `len` bytes (at most [`PIECE_BYTES`]) are there. Replies are sent before waiting. `false`: the client
    /// closed the connection between two messages.
    pub fn wait_for(&mut self, len: usize) -> io::Result<bool> {
        while self.end - self.start < len {
            self.send()?;
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            } else if self.bytes.len() - self.start < len {
                self.bytes.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            match self.stream.read(&mut self.bytes[self.end..]) {
                Ok(0) if self.start == self.end => return Ok(false),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// Takes `len` bytes, waiting for them; the connection must not end before.
    pub fn take(&mut self, len: usize) -> io::Result<&mut [u8]> {
        if !self.wait_for(len)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.start += len;
        Ok(&mut self.bytes[self.start - len..self.start])
    }

    /// [`Channel::take`] for a length known to the compiler.
    pub fn take_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.take(N)?.first_chunk().copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Receives and forgets.
    pub fn skip(&mut self, len: u64) -> io::Result<()> {
        let mut left = len;
        while left > 0 {
            let piece = left.min(PIECE_BYTES as u64);
            self.take(piece as usize)?;
            left -= piece;
        }
        Ok(())
    }

    /// Sends the replies gathered so far.
    pub fn send(&mut self) -> io::Result<()> {
        let _whole = self.order.sending.lock();
        self.replies.send(&mut self.stream)
    }

    /// Makes sure that `len` more bytes of replies fit.
    pub fn make_room(&mut self, len: usize) -> io::Result<()> {
        if self.replies.room() < len { self.send() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::testing::Script;

    #[test]
    fn bytes_come_out_as_they_came_in_whatever_the_pieces() {
        let sent: Vec<u8> = (0..3 * BUFFER_BYTES as u32).map(|i| (i / 7) as u8).collect();
        let mut channel = Channel::new(Script::in_pieces(sent.clone(), 4099));
        let (mut got, sizes) = (Vec::new(), [28, PIECE_BYTES, 1, 4096, PIECE_BYTES - 1]);
        for size in sizes.iter().cycle() {
            match sent.len() - got.len() {
                0 => break,
                left => got.extend_from_slice(channel.take((*size).min(left)).unwrap()),
            }
        }
        assert!(got == sent);
        assert!(!channel.wait_for(1).unwrap());
    }

    #[test]
    fn an_end_inside_a_message_is_an_error_and_between_messages_is_not() {
        let mut channel = Channel::new(Script::in_pieces(vec![1, 2, 3], 2));
        assert!(channel.wait_for(2).unwrap());
        assert!(channel.wait_for(4).is_err());
        assert!(Channel::new(Script::in_pieces(vec![], 1)).take(1).is_err());
    }
}
