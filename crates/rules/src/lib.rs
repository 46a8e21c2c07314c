//! Pure decisions, and nothing but decisions: no I/O, no state, no clock. Every rule of AWS's behaviour that more than one
//! caller needs is a function here, table-tested; everybody else asks. Sees `base` only.

pub mod copy_request;
pub mod defaults;
pub mod encryption;
pub mod filter;
pub mod iam;
pub mod instance_types;
pub mod key_access;
pub mod key_state;
pub mod lifecycle;
pub mod places;
pub mod restore;
pub mod rotation;
pub mod sharing;
pub mod tags;
pub mod volume_limits;
pub mod volume_types;
