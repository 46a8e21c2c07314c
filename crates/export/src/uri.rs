//! Addresses as NBD clients take them (<https://github.com/NetworkBlockDevice/nbd/blob/master/doc/uri.md>).

use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(crate) fn unix(name: &str, path: &Path) -> String {
    format!(
        "nbd+unix:///{}?socket={}",
        percent(name.as_bytes(), b""),
        percent(path.as_os_str().as_bytes(), b"/")
    )
}

/// `scheme`: `nbd`, or `nbds` over TLS.
pub(crate) fn tcp(scheme: &str, address: SocketAddr, name: &str) -> String {
    format!("{scheme}://{address}/{}", percent(name.as_bytes(), b""))
}

/// Percent-encodes everything but letters, digits, `-._~` (RFC 3986, 2.3) and `also`.
fn percent(bytes: &[u8], also: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_percent_encoded() {
        assert_eq!(
            unix("vol-0a", Path::new("/run/a b/?#é.sock")),
            "nbd+unix:///vol-0a?socket=/run/a%20b/%3F%23%C3%A9.sock"
        );
        assert_eq!(tcp("nbds", "[::1]:9".parse().unwrap(), "a/b&c"), "nbds://[::1]:9/a%2Fb%26c");
    }
}
