//! Instance profiles as the wire shows them: with their role, which shows less of itself there than alone.

use crate::{find, shapes, trust};
use api::identity::InstanceProfile;
use api::{Answer, Cx};
use wire::generated::iam;

/// As the lists show it.
pub fn listed(cx: &mut Cx, profile: &InstanceProfile) -> Answer<iam::InstanceProfile> {
    let role = match &profile.role {
        None => None,
        Some(name) => {
            let row = find::role(cx, name)?;
            let whole = trust::role_listed(cx, &row)?;
            Some(iam::Role { description: None, max_session_duration: None, ..whole })
        }
    };
    Ok(shapes::instance_profile(profile, role, None))
}

/// Whole, with its tags.
pub fn whole(cx: &mut Cx, profile: &InstanceProfile) -> Answer<iam::InstanceProfile> {
    Ok(iam::InstanceProfile { tags: crate::tagging::shape_some(&profile.tags), ..listed(cx, profile)? })
}
