//! What can go wrong on the way to a server, in words that say what to do.

use base::Fault;
use std::io;

/// Why there is no answer.
#[derive(Debug)]
pub enum ClientError {
    /// A flag, variable or file says something that cannot be used.
    Settings(String),
    /// The call could not be signed.
    Signing(Fault),
    /// No server listens there, or the way to it is blocked.
    Connect { endpoint: String, source: io::Error },
    /// The connection broke before the answer was complete.
    Broken { endpoint: String, source: io::Error },
    /// What came back is not an answer of this service.
    NotUnderstood { status: u16 },
    /// The server said no.
    Refused { code: String, message: String, status: u16, request_id: String },
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClientError::Settings(what) => f.write_str(what),
            ClientError::Signing(fault) => write!(f, "{fault}"),
            ClientError::Connect { endpoint, source } => {
                write!(f, "cannot connect to {endpoint}: {source}. Is `sealvol serve` running there?")
            }
            ClientError::Broken { endpoint, source } => {
                write!(f, "the connection to {endpoint} broke: {source}")
            }
            ClientError::NotUnderstood { status } => {
                write!(f, "the server's answer (HTTP {status}) is not one of Sealvol; check the endpoint URL")
            }
            ClientError::Refused { code, message, request_id, .. } => {
                write!(f, "{code}")?;
                if !message.is_empty() {
                    write!(f, ": {message}")?;
                }
                if !request_id.is_empty() {
                    write!(f, " (request {request_id})")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ClientError {}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Fault {
        Fault::new(error.to_string())
    }
}
