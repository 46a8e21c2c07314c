//! What a gateway may be told, and limits that hold if it is told nothing. Every queue, buffer and wait has one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where to listen, and the limits. `Config::default()` is what `sealvol serve` uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Port 0 takes a free one; [`crate::Server::address`] tells which.
    pub listen: SocketAddr,
    /// Open connections. One more is answered 503 and closed, so that a flood cannot hide behind a silent queue.
    pub connections_max: usize,
    /// Bytes of request line and headers together, after which the answer is 431. So it is after 100 header fields.
    pub header_bytes_max: usize,
    /// Bytes of one body. The largest that clients send is an EBS direct block: 524,288 bytes, some 700 KiB with the
    /// framing of the smallest aws-chunked chunks that SDKs make. The documents of the query services are smaller.
    pub body_bytes_max: usize,
    /// Bytes of all bodies being received at once. A body beyond this is answered 503, which clients retry.
    pub body_bytes_total_max: usize,
    /// From the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// From the end of the headers to the end of the body.
    pub body_timeout: Duration,
    /// A connection without a request in flight is closed after this. AWS's own endpoints are between 20 s and 75 s.
    pub idle_timeout: Duration,
    /// A client that takes no byte of its answer for this long is cut off.
    pub write_timeout: Duration,
    /// How long requests in flight may take after shutdown began.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4566)),
            connections_max: 1024,
            header_bytes_max: 32 * 1024,
            body_bytes_max: 1024 * 1024,
            body_bytes_total_max: 256 * 1024 * 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
        }
    }
}
