//! Bodies: read whole, but never more than allowed, neither one nor all together, and not forever.

use crate::Config;
use crate::sigv4::Problem;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How much of a refused body is read and thrown away before the answer, so that a client which writes first and reads
/// later meets the answer and not a reset connection.
const DISCARD_BYTES_MAX: usize = 64 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// The bytes of all bodies that are held at the moment.
#[derive(Default)]
pub(crate) struct Budget(AtomicUsize);

/// A share of the budget, given back on drop.
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    pub(crate) fn none(budget: Arc<Budget>) -> Self {
        Share { budget, bytes: 0 }
    }

    /// Takes more, unless that would be more than there is for all.
    fn grow(&mut self, bytes: usize, total_max: usize) -> Result<(), Problem> {
        let before = self.budget.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) > total_max { Err(Problem::Busy) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body. The share grows with it and must live as long as the bytes. After an error the connection must be closed,
/// because some of the body may be unread.
pub(crate) async fn read(mut body: Incoming, config: &Config, share: &mut Share) -> Result<Bytes, Problem> {
    let known_len = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let read = collect(&mut body, known_len, config, share);
    let problem = match timeout(config.body_timeout, read).await {
        Ok(Ok(bytes)) => return Ok(bytes),
        Ok(Err(problem)) => problem,
        Err(_) => {
            let reason = format!("the body was not complete after {} seconds", config.body_timeout.as_secs());
            return Err(Problem::SlowBody { reason });
        }
    };
    if known_len <= DISCARD_BYTES_MAX && !matches!(problem, Problem::SlowBody { .. }) {
        let _ = timeout(DISCARD_TIME, discard(body)).await;
    }
    Err(problem)
}

async fn collect(
    body: &mut Incoming,
    known_len: usize,
    config: &Config,
    share: &mut Share,
) -> Result<Bytes, Problem> {
    let too_large = || Problem::TooLarge { bytes_max: config.body_bytes_max };
    if known_len > config.body_bytes_max {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Problem::SlowBody { reason: format!("the body broke off: {error}") })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > config.body_bytes_max {
            return Err(too_large());
        }
        share.grow(data.len(), config.body_bytes_total_max)?;
        // A body in one piece, which is nearly every form and JSON document, is not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.reserve(known_len.max(first.len() + data.len()));
            all.extend_from_slice(&first);
            first = Bytes::new();
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > DISCARD_BYTES_MAX {
            return;
        }
    }
}
