//! Sealvol's own small service (signing name `sealvol`): where an attached volume's device is, and why something is as it is.
//! It passes the same door as everything else, so that only an account's own resources can be asked about.

pub mod actions;
mod story;
#[cfg(test)]
mod testing;

pub use actions::describe_device::{NetworkDevices, VhostUserDevices};
pub use actions::table;
