//! One file per action, named as the action.

pub mod describe_device;
pub mod explain;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![entry::<describe_device::DescribeDevice>(), entry::<explain::Explain>()]
}
