//! A volume as a device: the NBD server (<https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>, below
//! "the protocol").
//!
//! ```text
//!  server     listens, one thread per connection, limits, orderly stop
//!    socket     unix or TCP stream: deadline while negotiating, close from outside
//!    session    one connection from hello to goodbye
//!      handshake/     options until the client enters transmission
//!      transmission/  requests until it leaves: parse → port → reply
//!        receive        one buffer of received bytes; write payloads are encrypted and stored from it in place
//!        reply          one buffer of replies; reads are decrypted in it, sent when there is nothing more to receive
//!  port/      the volume as an export serves it: counted and timed
//! ```
//! Everything but `server` and `socket` works on any reader and writer, so that tests and fuzzers need no socket.

mod errno;
mod handshake;
mod patience;
mod port;
mod receive;
mod reply;
mod server;
mod session;
mod socket;
mod transmission;
mod turns;

pub use port::{BUCKETS, Kind, KindTotals, Outlet, Port, Times, Totals, upper_bound};
pub use server::{Export, Listen};

/// Runs one connection over any stream, for fuzzing.
#[doc(hidden)]
pub use session::run as run_session;
