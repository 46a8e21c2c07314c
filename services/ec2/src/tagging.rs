//! Tags that come with a request that makes something.

use crate::shapes;
use base::{Refusal, Tag};
use wire::generated::ec2::TagSpecification;

/// The tags for `kind`; every specification must be for one of `allowed`.
pub fn from_specifications(
    specifications: Option<&Vec<TagSpecification>>,
    allowed: &[&str],
    kind: &str,
) -> Result<Vec<Tag>, Refusal> {
    let mut tags = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for specification in specifications.into_iter().flatten() {
        let given = specification.resource_type.as_deref().unwrap_or_default();
        if !allowed.contains(&given) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!("'{given}' is not a valid taggable resource type for this operation."),
            ));
        }
        if seen.contains(&given) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "The same resource type '{given}' may not be specified more than once in tag specifications"
                ),
            ));
        }
        seen.push(given);
        let of_this = shapes::read_tags(specification.tags.as_ref());
        rules::tags::check(&of_this)?;
        if given == kind {
            tags = rules::tags::merged(&[], &of_this)?;
        }
    }
    Ok(tags)
}
