//! Two threads on one connection, so that large reads overlap.
//!
//! ```text
//!  thread 1   ├ turn: receive … other requests … a large read ┤├ does it, replies ┤         ├ turn …
//!  thread 2                                                   ├ turn: receive … a large read ┤├ does it …
//! ```
//! Only who has the turn receives. Small requests are done within the turn: handing it over costs more than they do. So are writes,
//! whose bytes are received in the turn anyway. Who meets a large read hands the turn over, with what was received beyond it, and
//! does it beside the other thread. Replies go out whole, in the order in which they are ready, as the protocol allows.

use crate::socket::Wire;
use parking_lot::{Mutex, ReentrantMutex};
use std::io;

/// From here on a read is large: moving and ciphering so many bytes takes longer than waking a thread.
pub(crate) const LARGE_BYTES: u32 = 64 << 10;
/// Threads of a connection whose stream can be used by several.
const THREADS: usize = 2;

/// What the threads of one connection share.
#[derive(Default)]
pub(crate) struct Order {
    pub turn: Mutex<Turn>,
    /// Held while a reply goes out; by the same thread more than once if it goes out in pieces.
    pub sending: ReentrantMutex<()>,
}

/// The right to receive.
#[derive(Default)]
pub(crate) struct Turn {
    /// Received beyond the request at which the turn was handed over.
    pub rest: Vec<u8>,
    /// The client has left.
    pub ended: bool,
}

/// Lets each thread serve with a stream of its own, until all have ended. If one fails, the connection ends for all. Returns the
/// first failure.
pub(crate) fn serve<W: Wire + Send>(
    mut stream: W,
    one: impl Fn(&mut W) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let Some(second) = stream.second()? else { return one(&mut stream) };
    let (streams, failure) = (Mutex::new(vec![second, stream]), Mutex::new(None));
    env::together("nbd-second", THREADS, &|| {
        let Some(mut stream) = streams.lock().pop() else { return };
        if let Err(error) = one(&mut stream) {
            // The other thread may be waiting for requests that will never be answered.
            stream.close();
            failure.lock().get_or_insert(error);
        }
    });
    failure.into_inner().map_or(Ok(()), Err)
}
