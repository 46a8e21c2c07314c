//! A connection made of bytes, for tests.

use crate::socket::Wire;
use std::io::{self, Read, Write};
use std::time::Duration;

/// What a client says, all of it known beforehand; what it is told is kept.
pub(crate) struct Script {
    said: Vec<u8>,
    at: usize,
    piece: usize,
    pub told: Vec<u8>,
}

impl Script {
    /// Arrives in pieces of at most so many bytes.
    pub fn in_pieces(said: Vec<u8>, piece: usize) -> Script {
        Script { said, at: 0, piece, told: Vec::new() }
    }
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(self.piece).min(self.said.len() - self.at);
        buf[..len].copy_from_slice(&self.said[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

impl Write for Script {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.told.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire for Script {
    fn start_deadline(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn end_deadline(&mut self) -> io::Result<()> {
        Ok(())
    }
}
