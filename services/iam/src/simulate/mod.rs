//! The policy simulator: what policies would decide, by the very evaluator of the door (`rules::iam`).
//!
//! ```text
//!   entries    ContextEntries ─► condition keys, checked by their types
//!   spans      where each statement of a text starts and ends
//!   source     one policy
//!   request    who calls, whose the resources are, the resource's policy, the boundary
//!   principal  the policies of a user, group or role, from the rows
//!   scene      who asks with which policies; one action on one resource ─► an outcome
//!   answer     actions × resources ─► EvaluationResults, in pages
//! ```
//!
//! The simulator never reads an effect, an action, a resource or a condition itself. Source: IAM API Reference,
//! SimulateCustomPolicy; IAM User Guide, "IAM policy testing with the IAM policy simulator".

pub mod answer;
#[cfg(test)]
mod door_tests;
mod entries;
pub mod principal;
mod request;
mod scene;
mod source;
mod spans;

pub use entries::context;
pub use request::{asking, boundary, check_handling, check_resource_policy, owner, resource_policy};
pub use scene::Scene;
pub use source::{PolicyKind, inputs, keys};
