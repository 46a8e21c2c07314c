//! One file per action, named as the action.

use api::Entry;

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![]
}
