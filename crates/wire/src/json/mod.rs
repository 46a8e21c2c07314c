//! JSON both ways, and the checks that AWS's JSON services make of every member before looking at its meaning.
//!
//! ```text
//! body ──serde_json──▶ Members (wiped on drop) ──generated code──▶ typed input + Checks ──▶ refusal, or input
//! ```

mod check;
mod read;
mod rule;
mod write;

#[cfg(test)]
mod tests;

pub use check::{Checked, Checks};
pub(crate) use read::parse_object;
pub use read::{JsonStruct, Members, decode};
pub use rule::{NONE, Pattern, Rule};
pub use write::{EmptyObject, NoMembers, ToJson, Writer, reply};

pub(crate) const JSON_1_1_TYPE: &str = "application/x-amz-json-1.1";
/// What restJson services send.
pub(crate) const JSON_1_0_TYPE: &str = "application/json";
