//! A small signing HTTP client for `sealvol device` and `sealvol explain`: it calls a running server the way the aws CLI would,
//! with the endpoint, Region and credentials that the aws CLI would use.
//!
//! ```text
//! flags, environment, ~/.aws files ─ settings ─▶ Call ─ gateway::sign ─ http ─▶ answer or refusal
//! ```

mod endpoint;
mod error;
mod http;
mod ini;
mod settings;

pub use error::ClientError;
pub use http::{Answer, send};
pub use settings::{Settings, World};

use bytes::Bytes;
use env::Env;
use gateway::sign::{Signer, sign};
use serde_json::Value;
use std::path::Path;
use wire::Call;

/// SigV4 signing name of our own service.
const SERVICE: &str = "sealvol";

/// Which server to call, as whom. What is not said here is found as the aws CLI finds it.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Remote {
    /// The server's URL [default: AWS_ENDPOINT_URL_SEALVOL, AWS_ENDPOINT_URL, the profile's, http://127.0.0.1:4566].
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The Region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1].
    #[arg(long)]
    pub region: Option<String>,
    /// A profile of the aws CLI's files [default: AWS_PROFILE, `default`].
    #[arg(long)]
    pub profile: Option<String>,
}

impl Remote {
    /// Calls an operation of our service: `Sealvol.Explain`, with its parameters. Returns the answer's members.
    pub fn call(&self, target: &str, body: &Value) -> Result<Value, ClientError> {
        let env = Env::real();
        let settings = Settings::resolve(self, &Machine(&env))?;
        let call = signed_call(&env, &settings, target, body)?;
        read(http::send(&settings.endpoint, &call)?)
    }
}

/// The real environment and files.
struct Machine<'a>(&'a Env);

impl World for Machine<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> std::io::Result<Option<String>> {
        match self.0.files.read(path) {
            Ok(bytes) => {
                String::from_utf8(bytes).map(Some).map_err(|_| std::io::ErrorKind::InvalidData.into())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn signed_call(env: &Env, settings: &Settings, target: &str, body: &Value) -> Result<Call, ClientError> {
    let headers = [
        ("host", settings.endpoint.host_header()),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", target.to_owned()),
        ("user-agent", concat!("sealvol/", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    let mut call = Call {
        method: "POST".into(),
        path: settings.endpoint.path.clone(),
        query: String::new(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: Bytes::from(body.to_string()),
    };
    let signer = Signer {
        access_key_id: &settings.credentials.access_key_id,
        secret: &settings.credentials.secret,
        session_token: settings.credentials.session_token.as_deref(),
        region: &settings.region,
        service: SERVICE,
    };
    sign(&mut call, &signer, env.clock.now()).map_err(ClientError::Signing)?;
    Ok(call)
}

/// An awsJson answer: members, or a refusal with its code and message.
fn read(answer: http::Answer) -> Result<Value, ClientError> {
    let value: Option<Value> = match answer.body.is_empty() {
        true => Some(Value::Object(serde_json::Map::new())),
        false => serde_json::from_slice(&answer.body).ok(),
    };
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| value.as_ref()?[*name].as_str());
        found.unwrap_or_default().to_owned()
    };
    match (&value, answer.status) {
        (Some(_), 200) => value.ok_or(ClientError::NotUnderstood { status: 200 }),
        (Some(members), status) if members["__type"].is_string() => Err(ClientError::Refused {
            // AWS may put a namespace before the code.
            code: text(&["__type"]).rsplit('#').next().unwrap_or_default().to_owned(),
            message: text(&["message", "Message"]),
            status,
            request_id: answer.request_id,
        }),
        (_, status) => Err(ClientError::NotUnderstood { status }),
    }
}

#[cfg(test)]
mod tests;
