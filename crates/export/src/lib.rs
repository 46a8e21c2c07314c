//! A volume as a device: over NBD (<https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>, below "the
//! protocol"), or as a virtual machine's disk over vhost-user (`vhost/`). Both call the same few methods of a volume.
//!
//! ```text
//!  server     listens, one thread per connection, limits, orderly stop
//!    socket     unix or TCP stream: deadline while negotiating, close from outside
//!    session    one connection from hello to goodbye
//!      handshake/     options until the client enters transmission
//!      transmission/  requests until it leaves: parse → volume → reply
//!        receive        one buffer of received bytes; write payloads are encrypted and stored from it in place
//!        reply          one buffer of replies; reads are decrypted in it, sent when there is nothing more to receive
//! ```
//! Of NBD, everything but `server` and `socket` works on any reader and writer, so that tests and fuzzers need no socket.

mod errno;
mod handshake;
mod receive;
mod reply;
mod server;
mod session;
mod socket;
mod transmission;
mod vhost;

pub use self::vhost::{VhostExport, VhostOptions};
pub use server::{Export, Listen};

/// Runs one connection over any stream, for fuzzing.
#[doc(hidden)]
pub use session::run as run_session;

/// Serves one ring in a memory of any bytes, for fuzzing.
#[doc(hidden)]
pub use self::vhost::run_ring;
