//! One connection from hello to goodbye.

use crate::handshake;
use crate::port::{Outlet, Timed};
use crate::receive::Channel;
use crate::socket::Wire;
use crate::transmission;
use std::io;
use std::time::Duration;

/// From connecting to entering transmission. A client on the same machine needs milliseconds.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Serves the connection until it ends. `Ok`: the client left as the protocol says.
pub fn run(name: &str, outlet: &Outlet, stream: impl Wire) -> io::Result<()> {
    let port = outlet.port();
    let mut channel = Channel::new(Timed::new(stream, &port));
    channel.stream().start_deadline(HANDSHAKE_TIME)?;
    let agreed = handshake::negotiate(&mut channel, name, port.size_bytes())?;
    // Also what the handshake refused last must reach the client.
    channel.send()?;
    let Some(agreed) = agreed else { return Ok(()) };
    channel.stream().end_deadline()?;
    let result = transmission::serve(&mut channel, &port, agreed);
    channel.send().and(result)
}

#[cfg(test)]
pub(crate) mod testing;
