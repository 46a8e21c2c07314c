//! One request and its answer over a connection of its own. A command asks once, so there is nothing to keep.

use super::ClientError;
use super::endpoint::Endpoint;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use wire::Call;

/// A server that is there accepts at once.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// A server that works answers within this.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// More than any answer of our service.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub request_id: String,
    pub body: Vec<u8>,
}

/// Sends a signed call.
pub fn send(endpoint: &Endpoint, call: &Call) -> Result<Answer, ClientError> {
    let shown = format!("http://{}", endpoint.host_header());
    let stream =
        connect(endpoint).map_err(|source| ClientError::Connect { endpoint: shown.clone(), source })?;
    let bytes = exchange(stream, call).map_err(|source| ClientError::Broken { endpoint: shown, source })?;
    take_apart(&bytes)
}

/// Tries the addresses that the name has, in order.
fn connect(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in (endpoint.host.as_str(), endpoint.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIME) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(mut stream: TcpStream, call: &Call) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(ANSWER_TIME))?;
    stream.set_write_timeout(Some(ANSWER_TIME))?;
    let mut head = format!("{} {} HTTP/1.1\r\n", call.method, call.path);
    for (name, value) in &call.headers {
        // A line end in a value (a Region from a variable, say) would be a header of its own.
        if value.contains(['\r', '\n']) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the header {name} would have a line end"),
            ));
        }
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", call.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&call.body)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Takes an HTTP/1.1 answer with a content length apart, the only kind that Sealvol gives.
fn take_apart(bytes: &[u8]) -> Result<Answer, ClientError> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let parts =
        end.and_then(|end| Some((std::str::from_utf8(bytes.get(..end)?).ok()?, bytes.get(end + 4..)?)));
    let (head, body) = parts.ok_or(ClientError::NotUnderstood { status: 0 })?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status_line
        .and_then(|line| line.get(..3)?.parse().ok())
        .ok_or(ClientError::NotUnderstood { status: 0 })?;
    let headers: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    // A body cut short is no answer.
    if header("content-length").and_then(|text| text.parse().ok()) != Some(body.len()) {
        return Err(ClientError::NotUnderstood { status });
    }
    Ok(Answer {
        status,
        request_id: header("x-amzn-requestid").unwrap_or_default().to_owned(),
        body: body.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_none() {
        let good = b"HTTP/1.1 400 Bad Request\r\nX-Amzn-RequestId: r-1\r\nContent-Length: 2\r\n\r\n{}";
        let answer = Answer { status: 400, request_id: "r-1".into(), body: b"{}".to_vec() };
        assert_eq!(take_apart(good).unwrap(), answer);
        for bad in [
            &good[..good.len() - 1],
            &good[..40],
            b"",
            b"\r\n\r\n",
            b"HTTP/1.1 2xx OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nx: \xff\r\ncontent-length: 0\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            assert!(
                matches!(take_apart(bad), Err(ClientError::NotUnderstood { .. })),
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
    }
}
