//! Permission boundaries of users and roles: the policy must be there, and it counts what it bounds. Source: IAM API Reference,
//! PutUserPermissionsBoundary; IAM User Guide, "Permissions boundaries for IAM entities".

use crate::{find, names};
use api::identity::{ManagedPolicy, aws_managed};
use api::{Answer, Cx};
use base::Refusal;
use wire::generated::iam::AttachedPermissionsBoundary;

/// The form of a boundary: a policy's ARN of 20 to 2,048 characters.
pub fn check(arn: Option<&str>) -> Result<(), Refusal> {
    let Some(arn) = arn else { return Ok(()) };
    names::length("permissionsBoundary", arn, 20, 2048)?;
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", "aws", "iam", "", account, resource]
            if !account.is_empty() && resource.starts_with("policy/") =>
        {
            Ok(())
        }
        _ => Err(Refusal::new(
            "ValidationError",
            format!("Value {arn} for parameter PermissionsBoundary is invalid."),
        )),
    }
}

/// Bounds a user or role by a policy that must be there. The row is the caller's to write.
pub fn put(cx: &mut Cx, boundary: &mut Option<String>, arn: String) -> Answer<()> {
    change(cx, boundary.as_deref(), Some(&arn))?;
    *boundary = Some(arn);
    Ok(())
}

/// Takes the boundary of a user or role away, if it has one. The row is the caller's to write.
pub fn delete(cx: &mut Cx, boundary: &mut Option<String>) -> Answer<()> {
    change(cx, boundary.as_deref(), None)?;
    *boundary = None;
    Ok(())
}

/// Checks that a new boundary is there and moves the count of what each policy bounds. The row of the user or role is the caller's to
/// write.
pub fn change(cx: &mut Cx, old: Option<&str>, new: Option<&str>) -> Answer<()> {
    if old == new {
        return Ok(());
    }
    if let Some(arn) = new.filter(|arn| aws_managed::find(arn).is_none()) {
        let mut policy = find::policy(cx, arn)?;
        policy.boundaries += 1;
        cx.tx.put(&policy)?;
    }
    if let Some(arn) = old
        && let Some(mut policy) = find::policy_if_there(cx, arn)?
    {
        policy.boundaries = policy.boundaries.saturating_sub(1);
        cx.tx.put::<ManagedPolicy>(&policy)?;
    }
    Ok(())
}

/// As the wire shows it. AWS answers `Policy`, though the API Reference's enumeration says `PermissionsBoundaryPolicy`.
pub fn shape(arn: Option<&String>) -> Option<AttachedPermissionsBoundary> {
    arn.map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".into()),
        permissions_boundary_arn: Some(arn.clone()),
    })
}
