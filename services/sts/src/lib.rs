//! AWS STS: who am I, and temporary credentials. A session is a row (`api::identity::TemporaryCredential`); its token is random
//! text of which the row has a hash, so nobody can make one, and what a session may is not in its holder's hands.

pub mod actions;
mod duration;
mod issue;
mod session_policies;
mod session_tags;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail like tests
mod testing;
mod validate;

pub use actions::table;
