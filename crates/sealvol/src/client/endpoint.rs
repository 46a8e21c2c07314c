//! `http://127.0.0.1:4566`: where a server is.

use super::ClientError;

/// A parsed endpoint URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address; IPv6 without its brackets.
    pub host: String,
    pub port: u16,
    /// `/`, or where a proxy has put the server.
    pub path: String,
}

impl Endpoint {
    /// Errors: not an http URL, or one with parts that an endpoint does not have.
    pub fn parse(url: &str) -> Result<Endpoint, ClientError> {
        let bad =
            |why: &str| ClientError::Settings(format!("the endpoint URL {url:?} cannot be used: {why}"));
        let (scheme, rest) = url.split_once("://").ok_or_else(|| bad("it does not begin with http://"))?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" => {}
            "https" => {
                return Err(bad(
                    "https is not supported by this command yet; use http:// on a trusted network",
                ));
            }
            _ => return Err(bad("it does not begin with http://")),
        }
        if rest.contains(['?', '#', '@']) || rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(bad("it may have a host, a port and a path, and nothing else"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                rest.split_once(']').ok_or_else(|| bad("the IPv6 address has no closing bracket"))?
            }
            None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => {
                digits.parse().ok().filter(|port| *port > 0).ok_or_else(|| bad("the port is not a number"))?
            }
            None if port.is_empty() => 80,
            None => return Err(bad("something stands between the address and the port")),
        };
        if host.is_empty() {
            return Err(bad("it has no host"));
        }
        Ok(Endpoint { host: host.to_owned(), port, path: format!("/{path}") })
    }

    /// The `Host` header: without the port if it is the usual one.
    pub fn host_header(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 80 { host } else { format!("{host}:{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_a_port_and_a_path() {
        for (url, host, port, path, header) in [
            ("http://127.0.0.1:4566", "127.0.0.1", 4566, "/", "127.0.0.1:4566"),
            ("HTTP://storage.example/", "storage.example", 80, "/", "storage.example"),
            ("http://[::1]:4566/sealvol/", "::1", 4566, "/sealvol/", "[::1]:4566"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(
                (endpoint.host.as_str(), endpoint.port, endpoint.path.as_str()),
                (host, port, path),
                "{url}"
            );
            assert_eq!(endpoint.host_header(), header);
        }
    }

    #[test]
    fn what_cannot_be_an_endpoint_is_refused_with_why() {
        let why = |url: &str| Endpoint::parse(url).unwrap_err().to_string();
        assert!(why("https://127.0.0.1:4566").contains("https is not supported"));
        for bad in [
            "",
            "127.0.0.1:4566",
            "ftp://x",
            "http://",
            "http://:80",
            "http://x:",
            "http://x:0",
            "http://x:65536",
            "http://x:y",
            "http://[::1",
            "http://[::1]x:1",
            "http://user@x",
            "http://x/?a",
            "http://x y",
            "http://x\r\ny",
        ] {
            assert!(why(bad).starts_with("the endpoint URL"), "{bad}");
        }
    }
}
