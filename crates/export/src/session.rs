//! One connection from hello to goodbye.

use crate::exports::Exports;
use crate::handshake;
use crate::port::Timed;
use crate::receive::Channel;
use crate::socket::Wire;
use crate::{transmission, turns};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// From connecting to entering transmission. A client on the same machine needs milliseconds.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Serves the connection until it ends. `Ok`: the client left as the protocol says.
pub fn run(exports: &dyn Exports, mut stream: impl Wire + Send) -> io::Result<()> {
    stream.start_deadline(HANDSHAKE_TIME)?;
    let mut channel = Channel::new(&mut stream);
    let agreed = handshake::negotiate(&mut channel, exports)?;
    // Also what the handshake refused last must reach the client.
    channel.send()?;
    let Some((agreed, name)) = agreed else { return Ok(()) };
    let order = channel.order.clone();
    // What the client has sent beyond the handshake already.
    channel.hand_over(&mut order.turn.lock());
    stream.end_deadline()?;
    let Some(outlet) = exports.enter(&name) else { return Err(io::ErrorKind::NotConnected.into()) };
    turns::serve(stream, |stream| {
        let port = Arc::new(outlet.port());
        let mut channel = Channel::sharing(Timed::new(stream, port.clone()), order.clone());
        let result = transmission::serve(&mut channel, &port, agreed);
        channel.send().and(result)
    })
}

#[cfg(test)]
pub(crate) mod testing;
