//! AWS IAM: users, groups, roles, policies and what they would decide. The rows are in `api::identity`, the decisions in `rules::iam`.
//! IAM is global: rows belong to an account, whatever the Region of the call.
//!
//! ```text
//!   actions/<action>.rs   one per AWS action
//!     names, tagging   what the texts of a request must look like
//!     find             names and ARNs ─► rows, or NoSuchEntity
//!     limits           quotas and conflicts
//!     touches          ARNs and condition keys for authorisation
//!     trust            who may assume a role
//!     documents        policies of identities, checked before they are stored
//!     attachments      inline and managed policies on users, groups and roles
//!     simulate         what policies would decide, by the door's evaluator
//!     shapes, paging   rows ─► answers, in pages
//!   laws                  for tests: what twin actions share, each law once
//! ```

mod access_keys;
pub mod actions;
mod attachments;
#[cfg(test)]
mod authority_cases;
#[cfg(test)]
mod authority_tests;
mod boundary;
mod documents;
mod find;
mod ids;
#[cfg(test)]
mod laws;
mod limits;
mod linked;
mod names;
mod paging;
mod profiles;
#[cfg(test)]
mod round_trips;
mod shapes;
mod simulate;
mod tagging;
#[cfg(test)]
mod testing;
mod touches;
mod trust;

pub use actions::table;
