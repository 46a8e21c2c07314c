//! The instance profile of a launch: a role's name for instances. It must exist, have a role, and be one that the caller may pass.
//! Sources: EC2 API Reference, RunInstances; IAM User Guide, "Grant a user permissions to pass a role to an AWS service". Messages:
//! public reports.

use crate::rows::Profile;
use api::identity::{InstanceProfile, Role, named};
use api::{Answer, Cx, Touched};
use base::{Arn, Refusal};
use rules::iam::Context;
use wire::generated::ec2::IamInstanceProfileSpecification as Named;

/// Refuses what names a profile twice.
pub fn check(asked: Option<&Named>) -> Result<(), Refusal> {
    match asked.map(|asked| (given(&asked.arn), given(&asked.name))) {
        Some((Some(_), Some(_))) => Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
        )),
        _ => Ok(()),
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// The profile that the request names, if it is there. One named by ARN must be of the caller's account and have just that ARN.
pub fn find(cx: &mut Cx, asked: Option<&Named>) -> Answer<Option<InstanceProfile>> {
    let Some(asked) = asked else { return Ok(None) };
    let account = cx.account().clone();
    let (name, arn) = match (given(&asked.name), given(&asked.arn)) {
        (Some(name), _) => (name.to_owned(), None),
        (None, Some(arn)) => {
            match Arn::parse(arn).ok().and_then(|parsed| Some(parsed.resource.rsplit_once('/')?.1.to_owned()))
            {
                Some(name) => (name, Some(arn)),
                None => return Ok(None),
            }
        }
        (None, None) => return Ok(None),
    };
    let row = cx.tx.get::<InstanceProfile>(&named(&account, &name))?;
    Ok(row.filter(|row| arn.is_none_or(|arn| row.arn() == arn)))
}

/// The profile for the rows of a launch. Refusals: `InvalidParameterValue`.
pub fn for_launch(cx: &mut Cx, asked: Option<&Named>) -> Answer<Option<Profile>> {
    let Some(asked) = asked else { return Ok(None) };
    if let Some(found) = find(cx, Some(asked))? {
        let arn = found.arn();
        if found.role.is_none() {
            let message = format!("IAM Instance Profile \"{arn}\" has no associated IAM Roles");
            return Err(Refusal::new("InvalidParameterValue", message).into());
        }
        return Ok(Some(Profile { arn, id: found.id }));
    }
    let (value, parameter, what) = match (given(&asked.name), given(&asked.arn)) {
        (Some(name), _) => (name, "iamInstanceProfile.name", "name"),
        (None, Some(arn)) => (arn, "iamInstanceProfile.arn", "ARN"),
        (None, None) => return Ok(None),
    };
    let message =
        format!("Value ({value}) for parameter {parameter} is invalid. Invalid IAM Instance Profile {what}");
    Err(Refusal::new("InvalidParameterValue", message)
        .because(format!("the account has no instance profile {value}"))
        .into())
}

/// Who launches an instance with a role hands the role to EC2: `iam:PassRole` on the role. Nothing is asked about a profile that is not
/// there or holds no role.
pub fn may_pass_role(cx: &mut Cx, asked: Option<&Named>) -> Answer<()> {
    let Some(role) = find(cx, asked)?.and_then(|profile| profile.role) else { return Ok(()) };
    let account = cx.account().clone();
    let arn = match cx.tx.get::<Role>(&named(&account, &role))? {
        Some(role) => role.arn(),
        None => format!("arn:aws:iam::{account}:role/{role}"),
    };
    let mut keys = Context::default();
    keys.set("iam:PassedToService", "ec2.amazonaws.com");
    keys.set("iam:AssociatedResourceArn", crate::touched::instance::arn(cx, "*"));
    cx.authorise("iam:PassRole", &[Touched { arn, keys }])
}
