//! What can be wrong with a document, and how AWS says it. IAM has one set of words for policies that give permissions and another
//! for trust policies; Organizations has one sentence for everything; KMS's own words are known only for principals.
//!
//! Of several mistakes AWS tells one. For policies that give permissions the order is known, and it is not that of the document:
//! first the whole is read (elements, types), then the older reader has its say, then the Sids, and so on.
//! Source: answers of AWS as recorded in moto's tests and in issues of infrastructure tools.

use super::{Malformed, PolicyType};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// no JSON; where
    Json(String),
    /// JSON, but not a policy: what is wrong, in our words
    Shape(String),
    UnknownElement(String),
    Version(String),
    NoStatements,
    NoEffect,
    Effect(String),
    Sid(String),
    SidTwice(String),
    NoPrincipal,
    /// `{}`, `[]`
    EmptyPrincipal,
    /// a text other than `*`
    PrincipalText,
    HasPrincipal,
    /// `NotPrincipal` in an Allow, or (`false`) in a trust policy's Deny
    NotPrincipal(bool),
    /// kind (`AWS`) and name
    Principal(String, String),
    NoAction,
    /// an action without `vendor:`
    ActionWithoutVendor(String),
    ActionColons(String),
    Vendor(String),
    /// an action that trust policies cannot give
    TrustAction(String),
    NoResource,
    HasResource(&'static str),
    /// AWS's sentence about a resource
    Resource(String),
    /// understood by the newer reader of policies, refused by the older
    Legacy(String),
}

impl Wrong {
    /// The mistake that AWS tells, of those in the order of the document.
    pub fn told(mut all: Vec<Wrong>, kind: PolicyType) -> Option<Wrong> {
        if matches!(kind, PolicyType::Identity) {
            all.sort_by_key(Wrong::rank);
        }
        all.into_iter().next()
    }

    fn rank(&self) -> u8 {
        match self {
            Wrong::Effect(effect) if is_effect(effect) => 2,
            Wrong::HasPrincipal => 1,
            Wrong::Legacy(_) => 2,
            Wrong::Sid(_) | Wrong::SidTwice(_) => 3,
            Wrong::NoAction => 4,
            Wrong::Resource(_) => 5,
            Wrong::ActionWithoutVendor(_) | Wrong::ActionColons(_) | Wrong::Vendor(_) => 6,
            Wrong::NoResource => 7,
            _ => 0,
        }
    }

    pub fn malformed(&self, kind: PolicyType) -> Malformed {
        let message = match kind {
            PolicyType::Identity => self.for_identity(),
            PolicyType::Trust => self.for_trust(),
            PolicyType::Key => self.for_key(),
            PolicyType::Control => {
                "The provided policy document does not meet the requirements of the specified policy type."
                    .to_owned()
            }
        };
        Malformed(message, self.detail())
    }

    fn for_identity(&self) -> String {
        match self {
            Wrong::SidTwice(_) => "Statement IDs (SID) in a single policy must be unique.",
            Wrong::Sid(_) => {
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
            }
            Wrong::HasPrincipal => "Policy document should not specify a principal.",
            Wrong::NoAction => "Policy statement must contain actions.",
            Wrong::NoResource => "Policy statement must contain resources.",
            Wrong::ActionWithoutVendor(_) => {
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            }
            Wrong::ActionColons(_) => "Actions/Condition can contain only one colon.",
            Wrong::Vendor(vendor) => return format!("Vendor {vendor} is not valid"),
            Wrong::Resource(sentence) => return sentence.clone(),
            Wrong::Legacy(_) => "The policy failed legacy parsing",
            Wrong::Effect(effect) if is_effect(effect) => "The policy failed legacy parsing",
            _ => "Syntax errors in policy.",
        }
        .to_owned()
    }

    fn for_trust(&self) -> String {
        match self {
            Wrong::Json(_) => "This policy contains invalid Json",
            Wrong::Version(_) => "The policy must contain a valid version string",
            Wrong::NoStatements => "Could not parse the policy: Statement is empty!",
            Wrong::UnknownElement(name) => return format!("Has prohibited field {name}"),
            Wrong::HasResource("Resource") => "Has prohibited field Resource",
            Wrong::HasResource(_) => "AssumeRole policy must not contain resources.",
            Wrong::NoEffect => "Missing required field Effect",
            Wrong::Effect(effect) => return format!("Invalid effect: {effect}"),
            Wrong::SidTwice(_) => "The Statement Ids in the policy are not unique",
            Wrong::NoPrincipal => "Missing required field Principal",
            Wrong::EmptyPrincipal => "Missing required field Principal cannot be empty!",
            Wrong::PrincipalText => "Principal must be a JSON object.",
            Wrong::NotPrincipal(true) => "Allow with NotPrincipal is not allowed.",
            Wrong::NotPrincipal(false) => "AssumeRole policy must not contain NotPrincipal field.",
            Wrong::Principal(kind, name) => {
                return format!("Invalid principal in policy: \"{kind}\":\"{name}\"");
            }
            Wrong::NoAction => "Missing required field Action",
            Wrong::TrustAction(_) => "AssumeRole policy may only specify STS AssumeRole actions.",
            Wrong::Shape(_) => "Syntax error in policy.",
            other => return other.for_identity(),
        }
        .to_owned()
    }

    fn for_key(&self) -> String {
        match self {
            Wrong::Json(_) => "The policy is not valid JSON.".to_owned(),
            Wrong::Version(_) => "The policy has an unknown version.".to_owned(),
            Wrong::NoStatements => "The policy has no statements.".to_owned(),
            Wrong::NoEffect | Wrong::Effect(_) => "A statement of the policy has no effect.".to_owned(),
            Wrong::NoPrincipal => {
                "A statement of the policy must have one of Principal and NotPrincipal.".to_owned()
            }
            Wrong::NotPrincipal(_) => "Allow with NotPrincipal is not allowed.".to_owned(),
            Wrong::NoAction => "A statement of the policy has no action.".to_owned(),
            Wrong::Principal(..) => {
                "Policy contains a statement with one or more invalid principals.".to_owned()
            }
            other => format!("The policy is not a key policy: {}.", other.detail()),
        }
    }

    /// What is wrong, for reasons.
    fn detail(&self) -> String {
        match self {
            Wrong::Json(detail) | Wrong::Shape(detail) | Wrong::Legacy(detail) | Wrong::Resource(detail) => {
                detail.trim_end_matches('.').to_owned()
            }
            Wrong::UnknownElement(name) => format!("there is no element {name:?}"),
            Wrong::Version(version) => format!("there is no version {version:?}"),
            Wrong::NoStatements => "it has no statements".to_owned(),
            Wrong::NoEffect => "a statement has no Effect".to_owned(),
            Wrong::Effect(effect) => format!("an Effect is {effect:?}, neither Allow nor Deny"),
            Wrong::Sid(sid) => format!("the Sid {sid:?} has other characters than letters and digits"),
            Wrong::SidTwice(sid) => format!("the Sid {sid:?} stands twice"),
            Wrong::NoPrincipal => "a statement needs one of Principal and NotPrincipal".to_owned(),
            Wrong::EmptyPrincipal => "a Principal is an empty list".to_owned(),
            Wrong::PrincipalText => "a principal stands without its kind".to_owned(),
            Wrong::NotPrincipal(true) => "NotPrincipal with Allow would let in everybody else".to_owned(),
            Wrong::NotPrincipal(false) => "trust policies have no NotPrincipal".to_owned(),
            Wrong::HasPrincipal => "policies of this kind have no Principal".to_owned(),
            Wrong::Principal(kind, name) => format!("the principal {name:?} of kind {kind:?} is none"),
            Wrong::NoAction => "a statement needs one of Action and NotAction".to_owned(),
            Wrong::ActionWithoutVendor(action) => format!("the action {action:?} does not name its service"),
            Wrong::ActionColons(action) => format!("the action {action:?} has two colons"),
            Wrong::Vendor(vendor) => format!("{vendor:?} is no service"),
            Wrong::TrustAction(action) => {
                format!("the action {action:?} has nothing to do with assuming roles")
            }
            Wrong::NoResource => "a statement needs one of Resource and NotResource".to_owned(),
            Wrong::HasResource(name) => format!("policies of this kind have no {name}"),
        }
    }
}

/// Whether it would be an effect if it were written in the right case.
fn is_effect(text: &str) -> bool {
    text.eq_ignore_ascii_case("Allow") || text.eq_ignore_ascii_case("Deny")
}
