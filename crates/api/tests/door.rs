//! The door against a real catalog: the order of its steps, what a refusal undoes and what stays, what a fault shows, and that
//! a lost race is run again. The actions under test (`door/actions.rs`) do what the request tells them to.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail like tests

#[path = "door/actions.rs"]
mod actions;
#[path = "door/authority.rs"]
mod authority;
#[path = "door/bench.rs"]
mod bench;
#[path = "door/denied.rs"]
mod denied;
#[path = "door/global_keys.rs"]
mod global_keys;
#[path = "door/identities.rs"]
mod identities;
#[path = "door/owner.rs"]
mod owner;
#[path = "door/steps.rs"]
mod steps;
#[path = "door/tokens.rs"]
mod tokens;
#[path = "door/undone.rs"]
mod undone;
