//! What the standard library does not offer of sockets: receiving without waiting.

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
}
