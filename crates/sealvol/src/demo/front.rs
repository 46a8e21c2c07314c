//! The demo as a caller: it signs its requests with the root credentials that the first start wrote, and sends them through the
//! socket like everybody else. It has no other way in.

use super::xml;
use base::Fault;
use bytes::Bytes;
use env::Env;
use gateway::sign::{Signer, sign};
use keys::Secret;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;
use wire::Call;

pub const REGION: &str = "us-east-1";
const EC2_VERSION: &str = "2016-11-15";
/// A server that says nothing for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a call can fail.
#[derive(Debug)]
pub enum CallError {
    /// The server's answer is no.
    Refused {
        code: String,
        message: String,
        request_id: String,
    },
    Fault(Fault),
}

impl From<Fault> for CallError {
    fn from(fault: Fault) -> Self {
        CallError::Fault(fault)
    }
}

/// For calls that must not be refused.
impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused { code, message, request_id } => {
                Fault::new(format!("refused: {code}: {message} (request {request_id})"))
            }
            CallError::Fault(fault) => fault,
        }
    }
}

/// An XML answer.
pub struct Answer(String);

impl Answer {
    /// The text of the element at this path below the root.
    pub fn text(&self, path: &[&str]) -> Result<String, Fault> {
        xml::text(&self.0, path).ok_or_else(|| Fault::new(format!("the answer has no {}", path.join("/"))))
    }
}

/// A server and who calls it.
pub struct Front {
    env: Env,
    address: SocketAddr,
    access_key_id: String,
    secret: Secret,
}

impl Front {
    /// Calls the server at this address with the root credentials in its data directory.
    pub fn new(env: &Env, address: SocketAddr, data: &Path) -> Result<Front, Fault> {
        let path = data.join("credentials");
        let mut file = env
            .files
            .read(&path)
            .map_err(|e| Fault::caused(format!("reading the root credentials {}", path.display()), e))?;
        let text = String::from_utf8_lossy(&file);
        let value = |name: &str| {
            let found = text.lines().filter_map(|l| l.split_once('=')).find(|(n, _)| n.trim() == name);
            found.map(|(_, v)| v.trim().to_owned())
        };
        let keys = value("aws_access_key_id").zip(value("aws_secret_access_key"));
        drop(text);
        file.fill(0);
        let (access_key_id, secret) =
            keys.ok_or_else(|| Fault::new(format!("{} holds no access key", path.display())))?;
        let secret = Secret::from_slice_wiping(&mut secret.into_bytes())
            .map_err(|e| Fault::caused("taking over the secret access key", e))?;
        Ok(Front { env: env.clone(), address, access_key_id, secret })
    }

    /// An EC2 action.
    pub fn ec2(&self, action: &str, form: &[(&str, &str)]) -> Result<Answer, CallError> {
        let mut body = format!("Action={action}&Version={EC2_VERSION}");
        for (name, value) in form {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let (status, body) = self.send("ec2", &[("content-type", form)], body.into())?;
        let text = String::from_utf8_lossy(&body).into_owned();
        if status == 200 {
            return Ok(Answer(text));
        }
        let part = |path: &[&str]| xml::text(&text, path).unwrap_or_else(|| format!("HTTP {status}"));
        Err(CallError::Refused {
            code: part(&["Errors", "Error", "Code"]),
            message: part(&["Errors", "Error", "Message"]),
            request_id: part(&["RequestID"]),
        })
    }

    /// An action of a service that speaks JSON, by its target (`<prefix>.<action>`).
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, CallError> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let (status, body) = self.send(service, &headers, body.to_string().into())?;
        let value: Value = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).map_err(|e| Fault::caused("reading an answer", e))?,
        };
        if status == 200 {
            return Ok(value);
        }
        let part = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(CallError::Refused { code: part("__type"), message: part("message"), request_id: String::new() })
    }

    /// Signs and sends; gives HTTP status and body. One connection per call: the demo makes some dozens.
    fn send(&self, service: &str, headers: &[(&str, &str)], body: Bytes) -> Result<(u16, Bytes), Fault> {
        let mut call = Call { method: "POST".into(), path: "/".into(), body, ..Call::default() };
        call.headers.push(("host".into(), self.address.to_string()));
        call.headers.push(("user-agent".into(), concat!("sealvol-demo/", env!("CARGO_PKG_VERSION")).into()));
        call.headers.extend(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region: REGION,
            service,
        };
        sign(&mut call, &signer, self.env.clock.now())?;
        let mut head = "POST / HTTP/1.1\r\n".to_owned();
        for (name, value) in &call.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", call.body.len()));
        let exchange = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(head.as_bytes())?;
            stream.write_all(&call.body)?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer =
            exchange().map_err(|e| Fault::caused(format!("calling {service} at {}", self.address), e))?;
        take_apart(answer.into()).ok_or_else(|| Fault::new("the server's answer is not HTTP"))
    }
}

/// Status and body of an HTTP/1.1 answer that ended with its connection.
fn take_apart(answer: Bytes) -> Option<(u16, Bytes)> {
    let end = memchr::memmem::find(&answer, b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?.to_ascii_lowercase();
    let status = head.strip_prefix("http/1.1 ")?.get(..3)?.parse().ok()?;
    let length =
        head.lines().find_map(|l| l.strip_prefix("content-length:"))?.trim().parse::<usize>().ok()?;
    let body = answer.slice(end + 4..);
    // A body cut short is no answer.
    (body.len() == length).then_some((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_none() {
        let answer = |text: &'static str| take_apart(Bytes::from_static(text.as_bytes()));
        let body = Bytes::from_static(b"abc");
        assert_eq!(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Some((200, body)));
        assert_eq!(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), None);
        assert_eq!(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), None);
        for broken in ["", "HTTP/1.1", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "SSH-2.0-x\r\n\r\n"] {
            assert_eq!(answer(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_credentials_file_without_a_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::real();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        assert!(Front::new(&env, address, dir.path()).is_err(), "no file");
        let write = |text: &str| env.files.write_durably(&dir.path().join("credentials"), text.as_bytes());
        write("[default]\naws_access_key_id = AKIA\n").unwrap();
        assert!(Front::new(&env, address, dir.path()).is_err(), "no secret");
        write("[default]\naws_access_key_id = AKIA\naws_secret_access_key = s=/+\n").unwrap();
        let front = Front::new(&env, address, dir.path()).unwrap();
        assert_eq!((front.access_key_id.as_str(), front.secret.expose()), ("AKIA", b"s=/+".as_slice()));
    }
}
