//! Unique ids: four letters of the kind and 17 characters, never given twice. Source: IAM User Guide, "Unique identifiers".

use api::Cx;

pub const USER: &str = "AIDA";
pub const GROUP: &str = "AGPA";
pub const ROLE: &str = "AROA";
pub const INSTANCE_PROFILE: &str = "AIPA";
pub const POLICY: &str = "ANPA";

/// A new unique id.
pub fn unique(cx: &Cx, kind: &str) -> String {
    format!("{kind}{}", cx.door.env.ids.base32(17))
}

/// A new access key id.
pub fn access_key(cx: &Cx) -> String {
    format!("AKIA{}", cx.door.env.ids.base32(16))
}
