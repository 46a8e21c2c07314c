//! Users, groups and roles as what policies hang on.

use crate::limits;
use api::identity::{Group, Role, User};
use catalog::Row;
use std::collections::BTreeMap;

/// A row that policies hang on.
pub trait Holder: Row {
    /// As messages name it: `user`.
    const KIND: &'static str;
    /// The name of the quota of attached policies.
    const ATTACHED_QUOTA: &'static str;
    /// Characters of all its inline policies together, white space not counted.
    const INLINE_MAX: usize;

    fn name(&self) -> &str;
    fn path(&self) -> &str;
    fn id(&self) -> &str;
    fn inline(&self) -> &BTreeMap<String, String>;
    fn inline_mut(&mut self) -> &mut BTreeMap<String, String>;
    fn attached(&self) -> &[String];
    fn attached_mut(&mut self) -> &mut Vec<String>;
}

macro_rules! holder {
    ($row:ty, $kind:literal, $quota:literal, $max:expr) => {
        impl Holder for $row {
            const KIND: &'static str = $kind;
            const ATTACHED_QUOTA: &'static str = $quota;
            const INLINE_MAX: usize = $max;

            fn name(&self) -> &str {
                &self.name
            }
            fn path(&self) -> &str {
                &self.path
            }
            fn id(&self) -> &str {
                &self.id
            }
            fn inline(&self) -> &BTreeMap<String, String> {
                &self.inline
            }
            fn inline_mut(&mut self) -> &mut BTreeMap<String, String> {
                &mut self.inline
            }
            fn attached(&self) -> &[String] {
                &self.attached
            }
            fn attached_mut(&mut self) -> &mut Vec<String> {
                &mut self.attached
            }
        }
    };
}

holder!(User, "user", "PoliciesPerUser", limits::USER_INLINE_CHARS);
holder!(Group, "group", "PoliciesPerGroup", limits::GROUP_INLINE_CHARS);
holder!(Role, "role", "PoliciesPerRole", limits::ROLE_INLINE_CHARS);
