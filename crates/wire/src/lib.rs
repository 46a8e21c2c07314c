//! Four AWS protocols: text to typed requests, typed responses to text. Knows the form of every action and the
//! meaning of none.
//!
//! ```text
//! Call ──operation_name──▶ which action ──Input::decode──▶ typed input  ... handler ...
//!                                         typed output ──Output::encode──▶ Reply
//!                                         Refusal ──encode_refusal──▶ Reply
//! ```
//! Types and their codecs are under [`generated`], written by `cargo xtask gen` from the public service models; the
//! runtime that they call is everything else here.

mod at;
mod blob;
mod call;
pub mod form;
pub mod generated;
mod json;
mod query;
mod refuse;
mod rest;
mod route;
pub mod sealed;
mod service;
pub mod time;
pub mod token;
mod trail;
mod xml;

pub use blob::{Blob, Payload, SecretBlob};
pub use call::{Call, Reply};
pub use generated::SERVICES;
pub use refuse::encode_refusal;
pub use route::{operation_name, unknown_operation};
pub use service::{Input, Operation, Output, Protocol, Route, Service};
