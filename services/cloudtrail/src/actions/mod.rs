//! One file per action, named as the action.

pub mod lookup_events;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![entry::<lookup_events::LookupEvents>()]
}
