//! The demo as a caller: it signs its requests with the root credentials that the first start wrote, and sends them through the
//! socket like everybody else. It has no other way in.

use super::xml;
use crate::client::{self, Remote, Settings};
use base::Fault;
use bytes::Bytes;
use env::Env;
use gateway::sign::{Signer, sign};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use wire::Call;

const EC2_VERSION: &str = "2016-11-15";

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
pub struct Xml(String);

impl Xml {
    /// The text of the element at this path below the root.
    pub fn text(&self, path: &[&str]) -> Result<String, Fault> {
        xml::text(&self.0, path).ok_or_else(|| Fault::new(format!("the answer has no {}", path.join("/"))))
    }
}

/// A server and who calls it.
pub struct Front {
    env: Env,
    settings: Settings,
}

/// What the client may look at: this server and its credentials file, and nothing of the user's own settings.
struct OnlyThis<'a> {
    env: &'a Env,
    endpoint: String,
    credentials: PathBuf,
}

impl client::World for OnlyThis<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "AWS_ENDPOINT_URL" => Some(self.endpoint.clone()),
            "AWS_SHARED_CREDENTIALS_FILE" => self.credentials.to_str().map(str::to_owned),
            _ => None,
        }
    }

    fn file(&self, path: &Path) -> std::io::Result<Option<String>> {
        if path != self.credentials {
            return Ok(None);
        }
        let bytes = self.env.files.read(path)?;
        String::from_utf8(bytes).map(Some).map_err(|_| std::io::ErrorKind::InvalidData.into())
    }
}

impl Front {
    /// Calls the server at this address with the root credentials in its data directory.
    pub fn new(env: &Env, address: SocketAddr, data: &Path) -> Result<Front, Fault> {
        let world =
            OnlyThis { env, endpoint: format!("http://{address}"), credentials: data.join("credentials") };
        Ok(Front { env: env.clone(), settings: Settings::resolve(&Remote::default(), &world)? })
    }

    /// An EC2 action.
    pub fn ec2(&self, action: &str, form: &[(&str, &str)]) -> Result<Xml, CallError> {
        let mut body = format!("Action={action}&Version={EC2_VERSION}");
        for (name, value) in form {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let answer = self.send("ec2", &[("content-type", form)], body.into())?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 {
            return Ok(Xml(text));
        }
        let part = |name| xml::text(&text, &["Errors", "Error", name]);
        Err(CallError::Refused {
            code: part("Code").unwrap_or_else(|| format!("HTTP {}", answer.status)),
            message: part("Message").unwrap_or_default(),
            request_id: answer.request_id,
        })
    }

    /// An action of a service that speaks JSON, by its target (`<prefix>.<action>`).
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, CallError> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let answer = self.send(service, &headers, body.to_string().into())?;
        let value = match answer.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&answer.body)
                .map_err(|e| Fault::caused(format!("reading the answer to {target}"), e))?,
        };
        if answer.status == 200 {
            return Ok(value);
        }
        let part = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(CallError::Refused {
            code: part("__type"),
            message: part("message"),
            request_id: answer.request_id,
        })
    }

    /// Signs and sends.
    fn send(&self, service: &str, headers: &[(&str, &str)], body: Bytes) -> Result<client::Answer, Fault> {
        let mut call = Call { method: "POST".into(), path: "/".into(), body, ..Call::default() };
        let always = [
            ("host", self.settings.endpoint.host_header()),
            ("user-agent", concat!("sealvol-demo/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        call.headers.extend(always.into_iter().map(|(n, v)| (n.to_owned(), v)));
        call.headers.extend(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        let signer = Signer {
            access_key_id: &self.settings.credentials.access_key_id,
            secret: &self.settings.credentials.secret,
            session_token: None,
            region: &self.settings.region,
            service,
        };
        sign(&mut call, &signer, self.env.clock.now())?;
        Ok(client::send(&self.settings.endpoint, &call)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_calls_its_own_server_whatever_the_user_has_set_up() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::real();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        assert!(Front::new(&env, address, dir.path()).is_err(), "no file");
        let write = |text: &str| env.files.write_durably(&dir.path().join("credentials"), text.as_bytes());
        write("[default]\naws_access_key_id = AKIA\n").unwrap();
        assert!(Front::new(&env, address, dir.path()).is_err(), "no secret");
        write("[default]\naws_access_key_id = AKIA\naws_secret_access_key = s=/+\n").unwrap();
        let Settings { endpoint, region, credentials } =
            Front::new(&env, address, dir.path()).unwrap().settings;
        assert_eq!((endpoint.host_header().as_str(), region.as_str()), ("127.0.0.1:1", "us-east-1"));
        assert_eq!(
            (credentials.access_key_id.as_str(), credentials.secret.expose()),
            ("AKIA", b"s=/+".as_slice())
        );
    }

    #[test]
    fn a_server_that_is_not_there_is_a_fault_and_no_refusal() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::real();
        let keys = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
        env.files.write_durably(&dir.path().join("credentials"), keys.as_bytes()).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let front = Front::new(&env, port, dir.path()).unwrap();
        assert!(matches!(front.ec2("DescribeVolumes", &[]), Err(CallError::Fault(_))));
        assert!(matches!(front.json("kms", "TrentService.ListKeys", &Value::Null), Err(CallError::Fault(_))));
    }
}
