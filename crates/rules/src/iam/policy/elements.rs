//! `Action`, `NotAction`, `Resource`, `NotResource`: lists of patterns, and what AWS refuses in them.

use super::PolicyType;
use super::wrong::Wrong;
use crate::iam::Context;
use crate::iam::pattern::{Pattern, Reading};

/// A list of patterns, or everything but what they match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    but: bool,
    patterns: Vec<Pattern>,
}

impl Listed {
    pub fn read(but: bool, texts: impl Iterator<Item = String>, how: Reading) -> Listed {
        Listed { but, patterns: texts.map(|text| Pattern::read(&text, how)).collect() }
    }

    /// A pattern with a variable that has no value matches nothing, so in a `Not…` list it excepts nothing.
    pub fn mean(&self, text: &str, context: &Context) -> bool {
        self.but != self.patterns.iter().any(|pattern| pattern.matches(text, context))
    }

    /// The keys that variables name.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().flat_map(Pattern::variables)
    }
}

/// What a trust policy may give.
const TRUST_ACTIONS: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setsourceidentity",
    "sts:tagsession",
    "sts:setcontext",
];

/// Refuses an action that AWS refuses. KMS takes any.
pub(super) fn check_action(action: &str, kind: PolicyType) -> Result<(), Wrong> {
    match kind {
        PolicyType::Key => return Ok(()),
        PolicyType::Trust => {
            let pattern =
                Pattern::read(&action.to_ascii_lowercase(), Reading { wildcards: true, variables: false });
            let about_roles = action.to_ascii_lowercase().starts_with("sts:")
                && TRUST_ACTIONS.iter().any(|known| pattern.matches(known, &Context::default()));
            return if about_roles { Ok(()) } else { Err(Wrong::TrustAction(action.to_owned())) };
        }
        PolicyType::Identity | PolicyType::Control => {}
    }
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, rest)) = action.split_once(':') else {
        return Err(Wrong::ActionWithoutVendor(action.to_owned()));
    };
    if rest.contains(':') {
        return Err(Wrong::ActionColons(action.to_owned()));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if vendor != "*" && !vendor.chars().all(plain) {
        return Err(Wrong::Vendor(vendor.to_owned()));
    }
    Ok(())
}

/// Refuses a resource that AWS refuses. KMS takes any: a key policy is about its key.
pub(super) fn check_resource(resource: &str, kind: PolicyType) -> Result<(), Wrong> {
    if resource == "*" {
        return Ok(());
    }
    match kind {
        PolicyType::Key | PolicyType::Trust => Ok(()),
        PolicyType::Control if resource.starts_with("arn:") => Ok(()),
        PolicyType::Control => Err(Wrong::Resource(format!("Resource {resource} must be in ARN format"))),
        PolicyType::Identity => check_arn(resource),
    }
}

fn check_arn(resource: &str) -> Result<(), Wrong> {
    let refuse = |sentence: String| Err(Wrong::Resource(sentence));
    // A variable may hold colons (`${aws:username}`) and stand for any part.
    let outline = without_variables(resource);
    let parts: Vec<&str> = outline.splitn(6, ':').collect();
    let part = |place: usize| parts.get(place).copied().unwrap_or("*");
    if parts.len() < 2 {
        return refuse(format!("Resource {resource} must be in ARN format or \"*\"."));
    }
    if !PARTITIONS.contains(&part(1)) {
        let [partition, service, region, account, rest] = [1, 2, 3, 4, 5].map(part);
        return refuse(format!(
            "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{service}:{region}:{account}:{rest}\"."
        ));
    }
    if part(2).contains(['*', '?']) {
        return refuse("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    }
    let region = !part(3).is_empty() && part(3) != "*";
    if part(2) == "iam" && region {
        return refuse(format!("IAM resource {resource} cannot contain region information."));
    }
    if part(2) == "s3" && region && !part(5).starts_with("accesspoint") {
        return refuse(format!("Resource {resource} can not contain region information."));
    }
    if part(2) == "iam" && !is_iam_path(part(5)) {
        return refuse(format!(
            "IAM resource path must either be \"*\" or start with {}.",
            IAM_PATHS.join(", ")
        ));
    }
    if !resource.starts_with("arn:") {
        return refuse(format!("Resource {resource} must be in ARN format or \"*\"."));
    }
    if part(2).is_empty() || (parts.len() < 6 && outline.contains("::")) {
        return Err(Wrong::Legacy(format!("the resource {resource:?} has not the six parts of an ARN")));
    }
    Ok(())
}

/// With those of other partitions: policies are written once for all.
const PARTITIONS: [&str; 4] = ["aws", "aws-cn", "aws-us-gov", "*"];

/// What the resource part of an IAM ARN begins with, in the order of AWS's message.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// Whether a pattern can match the resource part of an IAM ARN.
fn is_iam_path(pattern: &str) -> bool {
    match pattern.split_once(['*', '?']) {
        Some((before, _)) => {
            IAM_PATHS.iter().any(|path| before.starts_with(path) || path.starts_with(before))
        }
        None => IAM_PATHS.iter().any(|path| pattern.starts_with(path)),
    }
}

/// The text with `*` in place of each variable.
fn without_variables(text: &str) -> String {
    let mut outline = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${") {
        outline.push_str(before);
        match inside.split_once('}') {
            Some((_, after)) => {
                outline.push('*');
                rest = after;
            }
            None => {
                outline.push_str("${");
                rest = inside;
            }
        }
    }
    outline.push_str(rest);
    outline
}
