//! Sockets, SigV4, limits, health. Knows HTTP and signatures; knows no action.
//!
//! ```text
//! socket ─ connection (hyper, timeouts) ─ intake (Request → Call) ─ body (limits) ─ sigv4 (who is it?) ─▶ Door::dispatch
//!                                                              every "no" ─ refuse (AWS's words for it) ─▶ Door::refused
//! ```
//! The order is in `exchange.rs`, top to bottom. The client's half of SigV4 is in [`sign`], on the same canonical form.

mod config;
mod door;
mod server;

pub use config::Config;
pub use door::{Credential, Door, Origin, Scope};
pub use server::{Server, serve};
