//! Unix and TCP sockets behind one face: a deadline while negotiating, and closing from another thread.

use crate::Listen;
use env::{Clock, Files, RealClock, RealFiles};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// A reply that the client does not take for so long ends the session.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

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
    fn shutdown(&self, how: Shutdown) {
        // Fails only if the other side was faster.
        let _ = match self {
            Socket::Unix(socket) => socket.shutdown(how),
            Socket::Tcp(socket) => socket.shutdown(how),
        };
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

/// What a session talks over.
pub trait Wire: Read + Write {
    /// From now until [`Wire::end_deadline`], reading fails once `within` has passed in total.
    fn start_deadline(&mut self, within: Duration) -> io::Result<()>;
    fn end_deadline(&mut self) -> io::Result<()>;
}

pub(crate) struct Stream {
    socket: Socket,
    clock: RealClock,
    deadline: Option<Duration>,
}

impl Stream {
    fn new(socket: Socket) -> Stream {
        Stream { socket, clock: RealClock::default(), deadline: None }
    }

    pub fn closer(&self) -> io::Result<Closer> {
        Ok(Closer(match &self.socket {
            Socket::Unix(socket) => Socket::Unix(socket.try_clone()?),
            Socket::Tcp(socket) => Socket::Tcp(socket.try_clone()?),
        }))
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
        match &mut self.socket {
            Socket::Unix(socket) => socket.read(buf),
            Socket::Tcp(socket) => socket.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.socket {
            Socket::Unix(socket) => socket.write(buf),
            Socket::Tcp(socket) => socket.write(buf),
        }
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
