//! One connection from hello to goodbye.

use crate::handshake;
use crate::receive::Channel;
use crate::socket::Wire;
use crate::transmission;
use std::io;
use std::time::Duration;
use volume::Device;

/// From connecting to entering transmission. A client on the same machine needs milliseconds.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Serves the connection until it ends. `Ok`: the client left as the protocol says.
pub fn run(name: &str, volume: &Device, stream: impl Wire) -> io::Result<()> {
    let mut channel = Channel::new(stream);
    channel.stream().start_deadline(HANDSHAKE_TIME)?;
    let agreed = handshake::negotiate(&mut channel, name, volume.size_bytes())?;
    // Also what the handshake refused last must reach the client.
    channel.send()?;
    let Some(agreed) = agreed else { return Ok(()) };
    channel.stream().end_deadline()?;
    let result = transmission::serve(&mut channel, volume, agreed);
    channel.send().and(result)
}

#[cfg(test)]
pub(crate) mod testing;
