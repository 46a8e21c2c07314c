//! Sizes. EC2 speaks GiB, the volume engine speaks bytes and data units; they are different types on purpose.

use serde::{Deserialize, Serialize};

/// Bytes in one GiB.
pub const GIB: u64 = 1 << 30;

/// Bytes in one data unit, the piece that AES-256-XTS encrypts with one tweak.
pub const DATA_UNIT_BYTES: u64 = 4096;

/// A volume size as EC2 states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SizeGib(pub u32);

impl SizeGib {
    /// The same size in bytes; cannot overflow, 2^32 GiB is 2^62 bytes.
    pub fn bytes(self) -> u64 {
        u64::from(self.0) * GIB
    }
}
