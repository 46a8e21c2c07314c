//! Sockets, SigV4, limits, health. Knows HTTP and signatures; knows no action.
//!
//! ```text
//! socket ─ connection (hyper, guard) ─ intake (Request → Call) ─ body (limits) ─ sigv4 (who is it?) ─▶ Door::dispatch
//!                                                       every "no", in AWS's words for the protocol ─▶ Door::refused
//! ```
//! The order is in `exchange.rs`, top to bottom. The client's half of SigV4 is in [`sign`], on the same canonical form.

mod answering;
mod body;
mod config;
mod connection;
mod deciders;
mod door;
mod exchange;
mod guard;
mod intake;
mod page;
mod reply;
mod server;
mod service;
pub mod sign;
mod sigv4;

pub use answering::Answering;
pub use config::Config;
pub use door::{Credential, Door, Origin, Scope};
pub use page::{Page, Text};
pub use server::{Server, serve};
