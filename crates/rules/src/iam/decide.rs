//! The decision: all layers of policies together.

use super::layers::Side;
use super::{Context, Policy};
use std::sync::Arc;

/// What kind of principal asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskerKind {
    /// an account's root: only control policies and resource policies limit it
    Root,
    User,
    /// a session of a role
    RoleSession,
    /// a session of a service-linked role: no control policy limits it
    ServiceLinkedRoleSession,
    /// credentials of GetFederationToken
    FederatedUser,
    /// an AWS service acting on its own
    Service,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker<'a> {
    pub kind: AskerKind,
    /// the ARN of root, user or session; a service's name
    pub arn: &'a str,
    /// of a role session: `arn:aws:iam::ACCT:role/path/name`; of a federated user: its user's ARN
    pub issuer_arn: Option<&'a str>,
    pub account: &'a str,
}

impl Asker<'_> {
    /// Credentials of GetFederationToken that the root got: no identity policies stand behind them, as none stand behind the root.
    pub(super) fn is_of_root(&self) -> bool {
        self.kind == AskerKind::FederatedUser && self.issuer_arn.is_some_and(|arn| arn.ends_with(":root"))
    }
}

/// A policy and where it comes from, for reasons: `policy arn:aws:iam::…:policy/x`, `inline policy "y" of role "z"`.
#[derive(Clone, Debug)]
pub struct Attached {
    pub policy: Arc<Policy>,
    pub source: String,
}

/// The policies on the caller's side.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// of the user with its groups, or of the role
    pub identity: Vec<Attached>,
    /// permission boundary
    pub boundary: Option<Attached>,
    /// session policies; `None` if the session was made without any
    pub session: Option<Vec<Attached>>,
    /// service control policies: one list per level, the organisation's root first, the account last; no level at all outside of
    /// an organisation and for the management account
    pub control: Vec<Vec<Attached>>,
}

/// One request for one resource.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub asker: Asker<'a>,
    /// with its service: `ec2:CreateVolume`
    pub action: &'a str,
    /// ARN, or `*`
    pub resource: &'a str,
    pub context: &'a Context,
    pub layers: &'a Layers,
}

/// Which layer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Identity,
    Boundary,
    Session,
    Control,
    Resource,
    /// nothing had to allow it: the root of the account
    Root,
    Grant,
}

/// What a statement that matched says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    /// A Deny statement said so; without one a denial is implicit: nothing allowed it.
    pub explicit: bool,
    pub layer: Layer,
    /// Why, in full: which statement of which policy, or what came near and failed on which condition.
    pub reason: String,
}

impl Decision {
    /// AWS's words after "is not authorized to perform: X on resource: Y": ` because no identity-based policy allows the X action`,
    /// ` with an explicit deny in a service control policy`. Empty for what is allowed.
    pub fn because(&self, action: &str) -> String {
        let layer = match self.layer {
            Layer::Identity | Layer::Root => "identity-based policy",
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policy",
            Layer::Control => "service control policy",
            Layer::Resource | Layer::Grant => "resource-based policy",
        };
        match (self.allowed, self.explicit) {
            (true, _) => String::new(),
            (false, true) if self.layer == Layer::Identity => format!(" with an explicit deny in an {layer}"),
            (false, true) => format!(" with an explicit deny in a {layer}"),
            (false, false) => format!(" because no {layer} allows the {action} action"),
        }
    }
}

/// Decides for services whose resources have no policies of their own: the caller's side alone.
pub fn decide(question: &Question) -> Decision {
    let side = Side::new(question);
    side.denial(None).unwrap_or_else(|| side.permission())
}
