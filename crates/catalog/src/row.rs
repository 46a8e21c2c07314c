//! What a typed table is: a name, index columns, and a Rust type that goes in and out as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest key or index value, in bytes. A PostgreSQL B-tree entry may not pass 2704 bytes (a third of a page), and an
/// index entry holds an index value and a key; the same limit holds on SQLite so that a catalog can be moved.
pub const MAX_KEY_BYTES: usize = 1024;

/// A table's name and the names of its index columns. Both are lower-case letters, digits and `_`, start with a
/// letter, and have at most 40 bytes; `schema` is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    pub indexes: &'static [&'static str],
}

/// A row of a typed table.
pub trait Row: Serialize + DeserializeOwned + Clone + Send + 'static {
    const TABLE: Table;

    /// The primary key. By convention `account/region/id`, so that a prefix scan stays within one tenant. Not empty,
    /// at most [`MAX_KEY_BYTES`] long, without NUL (PostgreSQL text cannot hold one).
    fn key(&self) -> String;

    /// Values of the index columns in the order of `TABLE.indexes`; `None` leaves the row out of that index.
    fn indexes(&self) -> Vec<Option<String>> {
        vec![]
    }
}
