//! The exports of a server, as negotiation sees them.

use crate::port::Outlet;

/// What a client hears of an export.
pub struct Found {
    pub name: String,
    pub size: u64,
}

pub trait Exports {
    /// The export that a client means by `name`.
    fn find(&self, name: &[u8]) -> Option<Found>;
    /// All of them, for a list.
    fn names(&self) -> Vec<String>;
    /// The client enters transmission. `None`: the export has gone since it was found.
    fn enter(&self, name: &str) -> Option<Outlet>;
}
