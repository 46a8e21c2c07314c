//! What each action touches, and what policies may ask about it: ARNs with condition keys, from rows and requests. Nothing is decided
//! here; what a new resource will be is asked of the function that decides it.
//!
//! ```text
//!  resource                    keys from
//!  arn:…:volume/vol-…          the row                               (volume::existing)
//!  arn:…:volume/*              what the request will make            (volume::new)
//!  arn:aws:ec2:R::snapshot/…   the row, also of a shared snapshot    (snapshot::existing)
//!  arn:aws:ec2:R::snapshot/*   what the request will make            (snapshot::of_volume, snapshot::copy)
//!  arn:…:instance/…            the row, or what the launch will make (instance)
//!  image, subnet, security group, network interface of a launch      (launch)
//!  *                           nothing                               (anything)
//! ```
//! A resource that is not there, or that the caller may not see, is named all the same, without keys: who may not do this does not hear
//! whether it exists. Every resource of a call is asked about separately, and each must be allowed. `ec2:Encrypted` of a new resource is
//! the state that it will have, whoever demands it (request, snapshot, encryption by default); that of an existing one is its own. So a
//! statement that denies `ec2:Encrypted` false on `*` also stops making an encrypted copy *of* an unencrypted snapshot; one on `volume/*`
//! or `snapshot/*` stops just what would be unencrypted.
//!
//! Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2"; IAM User Guide, "Controlling
//! access during AWS requests" for tags.

pub mod instance;
pub mod keys;
pub mod launch;
pub mod snapshot;
pub mod tags;
pub mod volume;

use api::{Cx, Touched};
use rules::iam::Context;

/// The keys that every resource of EC2 has.
pub(crate) fn base(cx: &Cx) -> Context {
    let mut keys = Context::default();
    keys.set("ec2:Region", cx.region().as_str());
    keys
}

/// A resource of which nothing but its name is known.
pub fn named(cx: &Cx, arn: String) -> Touched {
    Touched { arn, keys: base(cx) }
}

/// For actions that have no resource.
pub fn anything(cx: &Cx) -> Vec<Touched> {
    vec![named(cx, "*".to_owned())]
}

/// Tells which attributes the request changes or looks at, each with the value that it is to have.
pub fn attributes(keys: &mut Context, changed: &[(&str, Option<String>)]) {
    let names = changed.iter().map(|(name, _)| (*name).to_owned()).collect();
    set_each(keys, "ec2:Attribute", names);
    for (name, value) in changed {
        keys.set_some(&format!("ec2:Attribute/{name}"), value.clone());
    }
}

/// One value as a value, several as a set. None: the key is missing.
pub(crate) fn set_each(keys: &mut Context, name: &str, mut values: Vec<String>) {
    match (values.pop(), values.is_empty()) {
        (Some(only), true) => keys.set(name, only),
        (Some(last), false) => keys.set_all(name, values.into_iter().chain([last])),
        (None, _) => {}
    }
}

#[cfg(test)]
mod action_tests;
#[cfg(test)]
mod encrypted_tests;
#[cfg(test)]
mod kms_tests;
#[cfg(test)]
mod launch_tests;
