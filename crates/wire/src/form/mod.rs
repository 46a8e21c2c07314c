//! Forms: `Name=value&Name.1.Part=value`, the request format of ec2Query and awsQuery.
//!
//! ```text
//! text ──parse──▶ Form (names and values, in order) ──sort──▶ Parameters, Node ──Reader──▶ typed input
//! ```
//! Every stage is bounded: pieces, length of a name, depth and list index.

mod node;
mod parse;
mod read;

#[cfg(test)]
mod tests;

pub use node::{DEPTH_MAX, INDEX_MAX, Node, Parameters};
pub use parse::{Form, PARAMETERS_MAX, parse};
pub use read::{FormStruct, FormValue, Problems, Reader, decode};
