//! One file per action, named as the action.

pub mod get_caller_identity;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![entry::<get_caller_identity::GetCallerIdentity>()]
}
