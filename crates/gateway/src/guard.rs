//! A socket that does not wait forever. hyper limits the wait for the next request; what it does not limit, this does: a head
//! that trickles in byte by byte, and a client that does not take its answer.

use crate::Config;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Whether a request is being answered on this connection, and how many there were. Set by the connection's service, read
/// by the guard.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<State>);

#[derive(Default)]
struct State {
    busy: AtomicBool,
    requests: AtomicUsize,
}

impl Busy {
    pub(crate) fn begin(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.0.busy.store(true, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

/// A deadline that starts when first asked for.
struct Deadline {
    after: Duration,
    running: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn new(after: Duration) -> Self {
        Deadline { after, running: None }
    }

    fn stop(&mut self) {
        self.running = None;
    }

    /// Whether it has passed; starts it if it was not running, and wakes the task when it passes.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let after = self.after;
        self.running.get_or_insert_with(|| Box::pin(sleep(after))).as_mut().poll(cx).is_ready()
    }
}

/// The guarded socket.
pub(crate) struct Guard<S> {
    inner: S,
    busy: Busy,
    head: Deadline,
    write: Deadline,
    /// How many requests there had been when last looked.
    requests: usize,
    /// Whether bytes of the next request have come.
    begun: bool,
}

impl<S> Guard<S> {
    pub(crate) fn new(inner: S, busy: Busy, config: &Config) -> Self {
        Guard {
            inner,
            busy,
            head: Deadline::new(config.header_timeout),
            write: Deadline::new(config.write_timeout),
            requests: 0,
            begun: false,
        }
    }

    /// Turns a pending write into an error once it has been pending too long.
    fn limit_write<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write.stop();
            return result;
        }
        if self.write.poll(cx) { Poll::Ready(Err(too_slow("take its answer"))) } else { Poll::Pending }
    }
}

fn too_slow(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("the client was too slow to {what}"))
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = Pin::new(&mut this.inner).poll_read(cx, buf);
        let state = &this.busy.0;
        let requests = state.requests.load(Ordering::Relaxed);
        if requests != this.requests {
            // The head that was being waited for has become a request.
            this.requests = requests;
            this.begun = false;
            this.head.stop();
        }
        if state.busy.load(Ordering::Relaxed) {
            // Bodies have a deadline of their own.
            return result;
        }
        this.begun |= buf.filled().len() > before;
        if this.begun && this.head.poll(cx) && result.is_pending() {
            return Poll::Ready(Err(too_slow("send the head of a request")));
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.limit_write(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write_vectored(cx, slices);
        this.limit_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_flush(cx);
        this.limit_write(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
