//! The two bad endings of a request. A refusal is an answer: AWS's code and message for the client, and a reason
//! for people (trail record, event cause, `sealvol explain`). A fault is ours: it is logged whole and the caller
//! hears only that something inside failed.

use std::borrow::Cow;
use std::fmt;

/// An answer that says no. Every refusal says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// AWS's error code, for instance `InvalidVolume.NotFound`. The wire crate prints it in the protocol's shape.
    pub code: Cow<'static, str>,
    /// HTTP status that AWS sends with this code.
    pub status: u16,
    /// The message that AWS sends; some AWS errors (`InvalidCiphertextException`) have an empty one.
    pub message: String,
    /// Why, in our own words: which rule, key state, permission or grant. Never a secret.
    pub reason: String,
    /// The word that some protocols send beside the code (EBS direct's `Reason`, for instance `INVALID_BLOCK_TOKEN`).
    pub word: Option<&'static str>,
}

impl Refusal {
    /// A client error (HTTP 400) whose message is also its reason.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let message = message.into();
        Refusal { code: code.into(), status: 400, reason: message.clone(), message, word: None }
    }

    /// The same refusal with a reason that says more than AWS's message does.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same refusal with another HTTP status (403 for authorisation, 412 for EC2's dry run, 404 for EBS direct).
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same refusal with the word that EBS direct sends as `Reason`.
    #[must_use]
    pub fn with_word(mut self, word: &'static str) -> Self {
        self.word = Some(word);
        self
    }

    /// What a caller sees when we failed: nothing of the inside, and a request id to ask about.
    pub fn internal() -> Self {
        Refusal {
            code: "InternalError".into(),
            status: 500,
            message: "An internal error has occurred".into(),
            reason: "a fault inside the server; its log holds the cause under this request id".into(),
            word: None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

/// Our failure: a broken disk, a lost database, a bug. It carries the chain of causes for the log.
#[derive(Debug)]
pub struct Fault {
    /// What we were doing.
    pub doing: String,
    /// What went wrong below, if anything did.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault with no deeper cause.
    pub fn new(doing: impl Into<String>) -> Self {
        Fault { doing: doing.into(), source: None }
    }

    /// A fault caused by `source` while `doing` something.
    pub fn caused(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Fault { doing: doing.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.doing),
            None => f.write_str(&self.doing),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|s| s as &(dyn std::error::Error + 'static))
    }
}
