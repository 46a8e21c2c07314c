//! One connection from hello to goodbye.

use crate::handshake;
use crate::port::{Outlet, Timed};
use crate::receive::Channel;
use crate::socket::Wire;
use crate::{transmission, turns};
use std::io;
use std::time::Duration;

/// From connecting to entering transmission. A client on the same machine needs milliseconds.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Serves the connection until it ends. `Ok`: the client left as the protocol says.
pub fn run(name: &str, outlet: &Outlet, mut stream: impl Wire + Send) -> io::Result<()> {
    stream.start_deadline(HANDSHAKE_TIME)?;
    let mut channel = Channel::new(&mut stream);
    let agreed = handshake::negotiate(&mut channel, name, outlet.device().size_bytes())?;
    // Also what the handshake refused last must reach the client.
    channel.send()?;
    let Some(agreed) = agreed else { return Ok(()) };
    let order = channel.order.clone();
    // What the client has sent beyond the handshake already.
    channel.hand_over(&mut order.turn.lock(), 0);
    stream.end_deadline()?;
    turns::serve(stream, |stream| {
        let port = outlet.port();
        let mut channel = Channel::sharing(Timed::new(stream, &port), order.clone());
        let result = transmission::serve(&mut channel, &port, agreed);
        channel.send().and(result)
    })
}

#[cfg(test)]
pub(crate) mod testing;
