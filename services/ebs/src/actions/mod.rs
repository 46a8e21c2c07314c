//! One file per action.

use api::Entry;

/// Every action of this service.
pub fn table() -> Vec<Entry> {
    vec![]
}
