//! Unix and TCP sockets behind one face: a deadline while negotiating, and closing from another thread.

use crate::Listen;
use crate::patience::Patience;
use env::{Clock, Files, RealClock, RealFiles};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// A reply that the client does not take for so long ends the session.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Room for two or three large replies, so that the next is made while the client takes the last one.
const SEND_BUFFER_BYTES: usize = 256 << 10;

/// A client that moved no more than this since the last wait has one or two small requests in flight: waking is most of what
/// they cost.
const SMALL_BYTES: usize = 16 << 10;

pub(crate) enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    pub fn bind(listen: &Listen) -> io::Result<Listener> {
        match listen {
            Listen::Unix(path) => bind_unix(path).map(Listener::Unix),
            Listen::Tcp(addr) if addr.ip().is_loopback() => TcpListener::bind(addr).map(Listener::Tcp),
            Listen::Tcp(_) => Err(io::Error::new(
                ErrorKind::Unsupported,
                "NBD without TLS is offered on loopback addresses only",
            )),
        }
    }

    /// Any address: for those who let nobody in without TLS.
    pub fn bind_for_tls(addr: SocketAddr) -> io::Result<Listener> {
        TcpListener::bind(addr).map(Listener::Tcp)
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Listener::Tcp(listener) => listener.local_addr(),
            Listener::Unix(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    pub fn accept(&self) -> io::Result<Stream> {
        match self {
            Listener::Unix(listener) => {
                let (socket, _) = listener.accept()?;
                socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
                // The kernel's limit may be lower: then it is slower, not wrong. (TCP finds its sizes by itself.)
                let _ = env::set_send_buffer(socket.as_fd(), SEND_BUFFER_BYTES);
                Ok(Stream::new(Socket::Unix(socket)))
            }
            Listener::Tcp(listener) => {
                let (socket, _) = listener.accept()?;
                socket.set_nodelay(true)?;
                socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
                Ok(Stream::new(Socket::Tcp(socket)))
            }
        }
    }

    /// Shutting a listening socket down wakes the thread that waits in `accept`. The standard library offers that for
    /// streams only; the descriptor does not mind being called one.
    pub fn closer(&self) -> io::Result<Closer> {
        Ok(Closer(match self {
            Listener::Unix(listener) => return Ok(Closer::unix(listener.try_clone()?)),
            Listener::Tcp(listener) => Socket::Tcp(OwnedFd::from(listener.try_clone()?).into()),
        }))
    }
}

pub(crate) fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        // A server that was killed leaves its socket file behind; nobody answers there.
        Err(e) if e.kind() == ErrorKind::AddrInUse && UnixStream::connect(path).is_err() => {
            RealFiles.remove_file(path)?;
            UnixListener::bind(path)?
        }
        other => other?,
    };
    // The directory should be the owner's alone already; this holds if it is not.
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Socket {
    fn try_clone(&self) -> io::Result<Socket> {
        match self {
            Socket::Unix(socket) => socket.try_clone().map(Socket::Unix),
            Socket::Tcp(socket) => socket.try_clone().map(Socket::Tcp),
        }
    }

    fn shutdown(&self, how: Shutdown) {
        // Fails only if the other side was faster.
        let _ = match self {
            Socket::Unix(socket) => socket.shutdown(how),
            Socket::Tcp(socket) => socket.shutdown(how),
        };
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Unix(socket) => socket.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
        }
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Socket::Unix(socket) => socket.set_read_timeout(timeout),
            Socket::Tcp(socket) => socket.set_read_timeout(timeout),
        }
    }
}

/// Ends a socket from another thread.
pub(crate) struct Closer(Socket);

impl Closer {
    pub fn unix(socket: impl Into<OwnedFd>) -> Closer {
        Closer(Socket::Unix(UnixStream::from(socket.into())))
    }

    /// What was received can still be read; then input ends. Replies still go out.
    pub fn close_input(&self) {
        self.0.shutdown(Shutdown::Read);
    }

    pub fn close(&self) {
        self.0.shutdown(Shutdown::Both);
    }
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It needs no protection: the peer is on this machine.
    Plain,
    /// TLS must be started before anything else.
    TlsRequired,
    Tls,
}

/// What a session talks over.
pub trait Wire: Read + Write {
    /// From now until [`Wire::end_deadline`], reading fails once `within` has passed in total.
    fn start_deadline(&mut self, within: Duration) -> io::Result<()>;
    fn end_deadline(&mut self) -> io::Result<()>;
    fn security(&self) -> Security {
        Security::Plain
    }
    /// Begins TLS and completes its handshake, as the server. Only where it is required.
    fn start_tls(&mut self) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// The same connection for another thread, if the two can use it at the same time.
    fn second(&self) -> io::Result<Option<Self>>
    where
        Self: Sized,
    {
        Ok(None)
    }

    /// Ends the connection, also for those who wait for it.
    fn close(&self) {}
}

impl<W: Wire> Wire for &mut W {
    fn start_deadline(&mut self, within: Duration) -> io::Result<()> {
        (**self).start_deadline(within)
    }

    fn end_deadline(&mut self) -> io::Result<()> {
        (**self).end_deadline()
    }

    fn security(&self) -> Security {
        (**self).security()
    }

    fn start_tls(&mut self) -> io::Result<()> {
        (**self).start_tls()
    }

    fn close(&self) {
        (**self).close();
    }
}

pub(crate) struct Stream {
    socket: Socket,
    clock: RealClock,
    deadline: Option<Duration>,
    patience: Patience,
    /// Bytes in both directions since the last wait for requests.
    moved: usize,
}

impl Stream {
    fn new(socket: Socket) -> Stream {
        Stream {
            socket,
            clock: RealClock::default(),
            deadline: None,
            patience: Patience::default(),
            moved: 0,
        }
    }

    pub fn closer(&self) -> io::Result<Closer> {
        self.socket.try_clone().map(Closer)
    }
}

impl Stream {
    fn moved(&mut self, bytes: io::Result<usize>) -> io::Result<usize> {
        self.moved += *bytes.as_ref().unwrap_or(&0);
        bytes
    }
}

impl Wire for Stream {
    fn start_deadline(&mut self, within: Duration) -> io::Result<()> {
        self.deadline = Some(self.clock.monotonic() + within);
        Ok(())
    }

    fn end_deadline(&mut self) -> io::Result<()> {
        self.deadline = None;
        self.socket.set_read_timeout(None)
    }

    fn second(&self) -> io::Result<Option<Stream>> {
        self.socket.try_clone().map(|socket| Some(Stream::new(socket)))
    }

    fn close(&self) {
        self.socket.shutdown(Shutdown::Both);
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(deadline) = self.deadline {
            // A timeout per read would let a client that sends a byte now and then stay for ever.
            let left = deadline.saturating_sub(self.clock.monotonic());
            if left.is_zero() {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "the client did not finish negotiating in time",
                ));
            }
            self.socket.set_read_timeout(Some(left))?;
        }
        let moved = std::mem::take(&mut self.moved);
        if self.deadline.is_none() && moved <= SMALL_BYTES {
            let socket = self.socket.as_fd();
            let found = self.patience.look(&self.clock, || env::receive_now(socket, buf).transpose());
            if let Some(found) = found {
                return self.moved(found);
            }
        }
        let read = match &mut self.socket {
            Socket::Unix(socket) => socket.read(buf),
            Socket::Tcp(socket) => socket.read(buf),
        };
        self.moved(read)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = match &mut self.socket {
            Socket::Unix(socket) => socket.write(buf),
            Socket::Tcp(socket) => socket.write(buf),
        };
        self.moved(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_drips_bytes_does_not_outlive_the_deadline() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut stream = Stream::new(Socket::Unix(ours));
        stream.start_deadline(Duration::from_millis(150)).unwrap();
        let dripping = env::spawn("drip", move || {
            while theirs.write_all(&[1]).is_ok() {
                RealClock::default().sleep(Duration::from_millis(20));
            }
        });
        let bytes = std::iter::from_fn(|| stream.read(&mut [0]).ok()).count();
        assert!((1..50).contains(&bytes), "{bytes} bytes");
        drop(stream);
        dripping.unwrap().join().unwrap();
    }

    #[test]
    fn after_the_deadline_is_ended_a_client_may_be_silent() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut stream = Stream::new(Socket::Unix(ours));
        stream.start_deadline(Duration::from_millis(30)).unwrap();
        stream.end_deadline().unwrap();
        let later = env::spawn("later", move || {
            RealClock::default().sleep(Duration::from_millis(80));
            theirs.write_all(&[1]).unwrap();
        });
        assert_eq!(stream.read(&mut [0]).unwrap(), 1);
        later.unwrap().join().unwrap();
    }
}
