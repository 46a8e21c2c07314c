//! A tag: what users label resources with.

use serde::{Deserialize, Serialize};

/// Key of 1 to 128 characters, value of 0 to 256; the limits are checked in `rules::limits`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}
