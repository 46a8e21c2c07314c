//! A policy document that has been read.

use super::{Asker, Context};

/// What kind of document a text is to be: the kinds differ in which elements they must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// managed or inline policy of a user, group or role; also permission boundaries and session policies
    Identity,
    /// who may assume a role
    Trust,
    /// key policy
    Key,
    /// service control policy of an organisation
    Control,
}

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {}

/// Why a text is no policy of its kind; the message is AWS's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// What one document says to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// this statement denies it
    Denied(String),
    /// this statement allows it, to these
    Allowed(String, Whom),
    /// no statement does; what came near, and on what it failed
    Silent(String),
}

/// By which of its names a statement's `Principal` means the asker. What is allowed to the account goes through that account's own
/// IAM policies; what is allowed to the asker itself does not need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// the account, its root ARN
    Account,
    /// the role of the asker's session
    Issuer,
    /// the user, session, service or federated user itself, or the root when root asks; `*` too
    Itself,
    /// the document has no principals
    Unsaid,
}

impl Policy {
    /// What the document says to a request. Deny wins over Allow; of several Allows the one that names the asker most closely counts.
    pub fn ask(&self, _asker: &Asker, _action: &str, _resource: &str, _context: &Context) -> Verdict {
        Verdict::Silent(String::new())
    }

    /// Reads a document.
    pub fn parse(_text: &str, _kind: PolicyType) -> Result<Policy, Malformed> {
        Ok(Policy {})
    }
}
