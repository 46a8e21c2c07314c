//! AWS IAM: users, groups, roles, policies and what they would decide. The rows are in `api::identity`, the decisions in `rules::iam`.

pub mod actions;

pub use actions::table;
