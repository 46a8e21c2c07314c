//! AWS KMS: keys, aliases, grants, and cryptography under keys. Who may use a key is decided in `rules::key_access`, in which state in `rules::key_state`; the cryptography is in `keys`. This crate finds the rows, asks, and writes.
//!
//! ```text
//!   actions/<action>.rs   one per AWS action
//!     access   finds the named key and asks whether the caller may   ─► rules::key_access
//!     find     key ids, ARNs, aliases ─► rows
//!     crypto   encryption and decryption under a key's material      ─► keys::wrap, keys::Oaep
//!     material the sealed bytes: opened for one call, never kept     ─► keys::Seal
//!   upkeep                what happens without a call
//!     deletion  keys whose window is over; what depends on them      ─► dependants
//!     import    imported material that expires                       ─► scrubbing: out of the database's files
//!     rotation  another material, by itself or on demand             ─► rules::rotation
//! ```

mod access;
#[cfg(test)]
mod access_tests;
pub mod actions;
#[cfg(test)]
mod condition_tests;
#[cfg(test)]
mod cross_account_tests;
mod crypto;
mod custom_key_store;
pub mod deletion;
pub mod dependants;
mod find;
mod grant_rows;
#[cfg(test)]
mod grant_tests;
mod grants;
pub mod import;
mod managed;
mod material;
mod multi_region;
#[cfg(test)]
mod mutation_tests;
pub mod names;
mod paging;
pub mod permissions;
mod policy;
pub mod rotation;
pub mod rows;
mod scrubbing;
mod service_events;
mod shapes;
mod signing;
#[cfg(test)]
mod state_table_tests;
mod tagging;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_import;
#[cfg(test)]
mod testing_people;
#[cfg(test)]
mod testing_regions;
pub mod upkeep;
mod usage;

pub use actions::table;
pub use dependants::usage_of;
pub use rows::TABLES;

pub use keys::SealHandle;
