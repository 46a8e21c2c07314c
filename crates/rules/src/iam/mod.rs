//! IAM: may this principal do this action on this resource? Pure: policies and facts in, a decision with its reason out.
//!
//! ```text
//!   any Deny in any layer ───────────────────────────────► denied, explicitly
//!   each level of control policies allows (not for the management account's own, nor for service-linked roles)
//!   resource policy allows the principal itself, same account ► allowed (a user or a session; a role still needs its boundary
//!                                                               and session policies)
//!   identity policies allow AND the boundary, if any, AND the session policies, if any
//!   across accounts: the caller's side AND the resource policy
//! ```
//! Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "JSON policy element reference";
//! KMS Developer Guide, "Troubleshooting key access".

mod condition;
mod context;
mod decide;
mod layers;
mod pattern;
mod policy;
mod with_resource;

pub use context::Context;
pub use decide::{Asker, AskerKind, Attached, Decision, Effect, Layer, Layers, Question, decide};
pub(crate) use layers::Side;
pub use policy::{Malformed, Matched, Policy, PolicyType, Position, PrincipalName, Verdict, Version, Whom};
pub use with_resource::decide_with_resource;
