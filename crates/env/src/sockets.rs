//! What the standard library does not offer of sockets: receiving without waiting, and a larger send buffer.

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

/// Asks for room for so many bytes sent and not yet received by the other side; the system may grant less.
pub fn set_send_buffer(socket: BorrowedFd<'_>, bytes: i32) -> io::Result<()> {
    let set = |option| {
        // SAFETY: the descriptor is open for as long as it is borrowed; the option's value is the 4 bytes named.
        unsafe {
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, (&raw const bytes).cast(), 4)
        }
    };
    // Beyond the system's limit if we may (CAP_NET_ADMIN), else as far as everybody may.
    if set(libc::SO_SNDBUFFORCE) == 0 || set(libc::SO_SNDBUF) == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
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
    fn a_larger_send_buffer_takes_more_before_anybody_reads() {
        let room = |bytes: Option<i32>| {
            let (mut ours, _theirs) = UnixStream::pair().unwrap();
            if let Some(bytes) = bytes {
                set_send_buffer(ours.as_fd(), bytes).unwrap();
            }
            ours.set_nonblocking(true).unwrap();
            let mut sent = 0;
            while let Ok(n) = ours.write(&[0; 4096]) {
                sent += n;
            }
            sent
        };
        assert!(room(Some(64 << 10)) < room(None));
    }
}
