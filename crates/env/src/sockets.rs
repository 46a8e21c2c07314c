//! What the standard library does not offer of sockets: receiving without waiting, and the size of the send buffer.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Receives what is there. `None`: nothing is there yet. `Some(0)`: the other side has ended the stream.
pub fn receive_now(socket: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<Option<usize>> {
    // SAFETY: the descriptor is open for as long as it is borrowed; the kernel writes at most `buf.len()` bytes into `buf`.
    let got =
        unsafe { libc::recv(socket.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), libc::MSG_DONTWAIT) };
    match usize::try_from(got) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(_) => match io::Error::last_os_error() {
            e if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            e => Err(e),
        },
    }
}

/// Asks for a send buffer of so many bytes. The kernel grants twice as much, for what it keeps beside the bytes, and no more than its
/// limit (`net.core.wmem_max`).
pub fn set_send_buffer(socket: BorrowedFd<'_>, bytes: usize) -> io::Result<()> {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    // SAFETY: the descriptor is open for as long as it is borrowed; the kernel reads one `c_int`, which lives on our stack.
    let done = unsafe {
        let (value, len) = (std::ptr::from_ref(&bytes).cast(), size_of_val(&bytes) as libc::socklen_t);
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF, value, len)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn nothing_there_bytes_there_and_the_end_are_told_apart() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut buf = [0; 8];
        assert_eq!(receive_now(ours.as_fd(), &mut buf).unwrap(), None);
        theirs.write_all(b"abc").unwrap();
        assert_eq!(receive_now(ours.as_fd(), &mut buf).unwrap(), Some(3));
        assert_eq!(&buf[..3], b"abc");
        drop(theirs);
        assert_eq!(receive_now(ours.as_fd(), &mut buf).unwrap(), Some(0));
    }

    #[test]
    fn a_larger_send_buffer_takes_more() {
        let fits = |bytes| {
            let (ours, _theirs) = UnixStream::pair().unwrap();
            set_send_buffer(ours.as_fd(), bytes).unwrap();
            ours.set_nonblocking(true).unwrap();
            std::iter::from_fn(|| (&ours).write(&[0; 1024]).ok()).sum::<usize>()
        };
        assert!(fits(8 << 10) * 4 < fits(128 << 10));
    }
}
