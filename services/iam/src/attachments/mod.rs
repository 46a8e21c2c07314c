//! What hangs on users, groups and roles: inline and attached managed policies. One code for the
//! three kinds; the actions of each kind say which.
//!
//! ```text
//!   holder    the three rows as one: their inline documents, attached ARNs and words for refusals
//!   inline    Put, Get, Delete, List of inline policies
//!   attached  Attach, Detach, List of managed policies, with the policy's count of attachments
//!   managed   a managed policy by ARN: a row of the account, or one of AWS's own
//!   versions  the versions of a managed policy
//!   shapes    managed policies as the wire shows them
//!   details   everything of an account, for GetAccountAuthorizationDetails
//! ```

pub mod attached;
pub mod details;
mod holder;
pub mod inline;
pub mod managed;
pub mod shapes;
#[cfg(test)]
pub mod trial;
pub mod versions;

pub use holder::Holder;
