//! A policy document that has been read.

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

impl Policy {
    /// Reads a document.
    pub fn parse(_text: &str, _kind: PolicyType) -> Result<Policy, Malformed> {
        Ok(Policy {})
    }
}
