//! Who asks with which policies, and what they would decide about one action on one resource.
//!
//! The decision is `rules::iam`'s. Where a resource's policy is silent, only KMS keys and roles refuse by that; of other resources
//! of the same account the caller's own policies decide. What one layer alone says (`AllowedByPermissionsBoundary`,
//! `AllowedByOrganizations`) is the same question with every other layer allowing everything.

use super::source::{Ask, Source, merge};
use base::Arn;
use rules::iam::{
    Asker, AskerKind, Attached, Context, Decision, Effect, Layers, Policy, PolicyType, Question, Verdict,
    decide, decide_with_resource,
};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use wire::generated::iam::Statement;

const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asking {
    pub kind: AskerKind,
    /// Of a user its ARN; of a role the role's, since there is no session; empty if nobody is named.
    pub arn: String,
    pub issuer: Option<String>,
    pub account: String,
}

/// A simulation without its actions and resources.
#[derive(Clone, Debug)]
pub struct Scene {
    pub asking: Asking,
    pub context: Context,
    pub identity: Vec<Source>,
    pub boundary: Option<Source>,
    pub resource: Option<Source>,
    /// control policies, a list per level
    pub control: Vec<Vec<Attached>>,
    /// whose the resources are whose ARNs do not say
    pub owner: String,
}

/// What one decision came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
}

/// One action on one resource.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub said: Said,
    pub matched: Vec<Statement>,
    pub missing: Vec<String>,
    /// `None` without a boundary
    pub by_boundary: Option<bool>,
    /// `None` without control policies
    pub by_organizations: Option<bool>,
    /// what each side says, across accounts; else empty
    pub details: BTreeMap<String, String>,
}

impl Said {
    /// As answers write it.
    pub fn word(self) -> &'static str {
        match self {
            Said::Allowed => "allowed",
            Said::ImplicitDeny => "implicitDeny",
            Said::ExplicitDeny => "explicitDeny",
        }
    }

    fn of(decision: &Decision) -> Said {
        match (decision.allowed, decision.explicit) {
            (true, _) => Said::Allowed,
            (false, true) => Said::ExplicitDeny,
            (false, false) => Said::ImplicitDeny,
        }
    }
}

impl Scene {
    /// Decides.
    pub fn outcome(&self, action: &str, resource: &str) -> Outcome {
        let asker = self.asker();
        let ask = Ask { asker: &asker, action, resource, context: &self.context };
        let own = self.decide(&ask, &self.layers());
        let owner = self.owner_of(resource);
        let said = Said::of(&self.with_resource(&ask, own.clone(), &owner));
        Outcome {
            said,
            matched: self.matched(&ask, said),
            missing: self.missing(),
            by_boundary: self.boundary.as_ref().map(|boundary| {
                let layers = Layers { boundary: Some(boundary.attached()), ..everything() };
                self.decide(&ask, &layers).allowed
            }),
            by_organizations: (!self.control.is_empty()).then(|| {
                let layers = Layers { control: self.control.clone(), ..everything() };
                self.decide(&ask, &layers).allowed
            }),
            details: self.details(&ask, &own, &owner),
        }
    }

    /// The caller's side, as the door has it.
    pub fn layers(&self) -> Layers {
        Layers {
            identity: self.identity.iter().map(Source::attached).collect(),
            boundary: self.boundary.as_ref().map(Source::attached),
            session: None,
            control: self.control.clone(),
        }
    }

    fn asker(&self) -> Asker<'_> {
        let Asking { kind, arn, issuer, account } = &self.asking;
        Asker { kind: *kind, arn, issuer_arn: issuer.as_deref(), account }
    }

    fn question<'a>(&self, ask: &Ask<'a>, layers: &'a Layers) -> Question<'a> {
        Question {
            asker: ask.asker.clone(),
            action: ask.action,
            resource: ask.resource,
            context: ask.context,
            layers,
        }
    }

    fn decide(&self, ask: &Ask, layers: &Layers) -> Decision {
        decide(&self.question(ask, layers))
    }

    /// The decision with the resource's policy, if there is one.
    fn with_resource(&self, ask: &Ask, own: Decision, owner: &str) -> Decision {
        let Some(policy) = &self.resource else { return own };
        let action = ask.action.to_ascii_lowercase();
        let must_allow = action.starts_with("kms:") || action.starts_with("sts:assumerole");
        match policy.ask(ask) {
            Verdict::Silent(_) if owner == self.asking.account && !must_allow => own,
            verdict => decide_with_resource(&self.question(ask, &self.layers()), verdict, owner),
        }
    }

    /// The account that a resource belongs to.
    fn owner_of(&self, resource: &str) -> String {
        let account = Arn::parse(resource).map(|arn| arn.account).unwrap_or_default();
        if account.is_empty() { self.owner.clone() } else { account }
    }

    /// What an explicit denial says are its statements alone; an implicit one is said by no statement.
    fn matched(&self, ask: &Ask, said: Said) -> Vec<Statement> {
        if said == Said::ImplicitDeny {
            return vec![];
        }
        let effect = if said == Said::Allowed { Effect::Allow } else { Effect::Deny };
        self.sources().flat_map(|source| source.matched(ask, effect)).collect()
    }

    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        self.sources().for_each(|source| merge(&mut missing, source.missing_keys(&self.context)));
        missing
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.resource.iter().chain(&self.identity).chain(&self.boundary)
    }

    fn details(&self, ask: &Ask, own: &Decision, owner: &str) -> BTreeMap<String, String> {
        let Some(policy) = self.resource.as_ref().filter(|_| owner != self.asking.account) else {
            return BTreeMap::new();
        };
        let theirs = match policy.ask(ask) {
            Verdict::Allowed(..) => Said::Allowed,
            Verdict::Denied(_) => Said::ExplicitDeny,
            Verdict::Silent(_) => Said::ImplicitDeny,
        };
        BTreeMap::from([
            ("IAM Policy".to_owned(), Said::of(own).word().to_owned()),
            ("Resource Policy".to_owned(), theirs.word().to_owned()),
        ])
    }
}

/// Layers of which none stands in the way.
fn everything() -> Layers {
    static EVERY_ACTION: LazyLock<Option<Arc<Policy>>> =
        LazyLock::new(|| Policy::parse(ALLOW_ALL, PolicyType::Identity).ok().map(Arc::new));
    let identity = EVERY_ACTION.clone().map(|policy| Attached { policy, source: "every action".to_owned() });
    Layers { identity: identity.into_iter().collect(), ..Layers::default() }
}
