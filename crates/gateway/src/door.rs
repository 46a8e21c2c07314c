//! The boundary to the one door: what the gateway needs from it, and what it hands over once a signature is good.

use crate::Answering;
use base::{AccountId, Fault, Refusal, Region, Timestamp};
use keys::Secret;
use std::any::Any;
use std::sync::Arc;
use wire::{Call, Service};

/// An access key as the door knows it.
pub struct Credential {
    pub access_key_id: String,
    /// The secret access key. It never changes under the same access key id: derived signing keys are cached by id.
    pub secret: Arc<Secret>,
    pub account: AccountId,
    /// Set for temporary credentials: SHA-256 of the session token that a request must then carry, in hexadecimal digits. `None`
    /// for long-term keys: a request must then carry no token.
    pub token_digest: Option<String>,
    /// When temporary credentials stop being accepted.
    pub expires: Option<Timestamp>,
    /// What the door found out about the key's holder, for itself: it gets it back with the call.
    pub holder: Arc<dyn Any + Send + Sync>,
}

/// Where a call came from and under which id it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A UUID; the caller sees it in `x-amzn-requestid`.
    pub request_id: String,
    /// The peer's address without its port.
    pub source_ip: String,
    /// The `User-Agent` header, empty if there was none.
    pub user_agent: String,
    /// The `Host` header, empty if there was none.
    pub host: String,
    /// When the head of the request had been read.
    pub received: Timestamp,
}

/// What the credential scope names: which service is called, in which Region. The Region has the right form; whether it
/// exists is the door's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub service: &'static Service,
    pub region: Region,
}

/// The one door, seen from the sockets. The gateway calls it on its few deciding threads: what computes or reads rows is done
/// there, what takes longer is handed back (`Answering::wait_for`).
pub trait Door: Send + Sync + 'static {
    /// The access key of this id, if there is one.
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault>;

    /// Answers a call whose signature has been verified, now or later.
    fn dispatch(&self, who: &Credential, scope: &Scope, call: Call, origin: Origin, answering: Answering);

    /// Hears of a call that was stopped before its caller was known: for the log. `scope` is what the call claimed, if it
    /// could be read. Such a call has no account whose trail could hold it.
    fn refused(&self, refusal: &Refusal, scope: Option<&Scope>, call: &Call, origin: &Origin);
}
