//! A volume as a device: over NBD (<https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>, below "the
//! protocol"), or as a virtual machine's disk over vhost-user (`vhost/`). Both call the same few methods of a volume.
//!
//! ```text
//!  export     one volume on a socket of its own
//!  portal     all volumes of a host on one TCP port, by name
//!    server     listens, one thread per connection, limits, orderly stop
//!    tls        certificates; a stream that becomes a TLS one at STARTTLS
//!    socket     unix or TCP stream: deadline while negotiating, close from outside
//!    session    one connection from hello to goodbye
//!      handshake/     options until the client enters transmission
//!      transmission/  requests until it leaves: parse → port → reply
//!        receive        one buffer of received bytes; write payloads are encrypted and stored from it in place
//!        reply          one buffer of replies; reads are decrypted in it, sent when there is nothing more to receive
//!  port/      the volume as an export serves it: counted, timed, and held to its limits
//!    limits/  token buckets
//! ```
//! Of NBD, everything but `server`, `socket` and what uses them works on any reader and writer, so that tests and fuzzers need
//! no socket.

mod errno;
mod export;
mod exports;
mod handshake;
mod limits;
mod patience;
mod port;
mod portal;
mod receive;
mod reply;
mod server;
mod session;
mod socket;
mod tls;
mod transmission;
mod turns;
mod uri;
mod vhost;

pub use self::vhost::{VhostExport, VhostOptions};
pub use export::{Export, Listen};
pub use limits::{Burst, Due, Limits, Rate};
pub use port::{BUCKETS, Kind, KindTotals, Outlet, Port, Times, Totals, upper_bound};
pub use portal::Portal;
pub use tls::Tls;

/// Runs one connection over any stream, for fuzzing.
#[doc(hidden)]
pub use session::run as run_session;

/// Serves one ring in a memory of any bytes, for fuzzing.
#[doc(hidden)]
pub use self::vhost::run_ring;
