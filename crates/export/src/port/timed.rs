//! A connection that tells its port when requests arrive and when replies have gone, so that the data path need not.

use super::Port;
use crate::socket::{Security, Wire};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Timed<W> {
    wire: W,
    port: Arc<Port>,
}

impl<W> Timed<W> {
    pub fn new(wire: W, port: Arc<Port>) -> Self {
        Timed { wire, port }
    }
}

impl<W: Read> Read for Timed<W> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.wire.read(buf);
        self.port.arrived();
        read
    }
}

impl<W: Write> Write for Timed<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.wire.write(buf);
        self.port.resumed();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.flush()
    }
}

impl<W: Wire> Wire for Timed<W> {
    fn start_deadline(&mut self, within: Duration) -> io::Result<()> {
        self.wire.start_deadline(within)
    }

    fn end_deadline(&mut self) -> io::Result<()> {
        self.wire.end_deadline()
    }

    fn security(&self) -> Security {
        self.wire.security()
    }

    fn start_tls(&mut self) -> io::Result<()> {
        self.wire.start_tls()
    }

    fn close(&self) {
        self.wire.close();
    }
}
