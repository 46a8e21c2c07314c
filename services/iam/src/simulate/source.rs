//! One policy of a simulation, and where its statements stand.

use super::entries::invalid;
use super::spans;
use base::Refusal;
use rules::iam::{Asker, Attached, Context, Effect, Malformed, Policy, PolicyType, Position, Verdict};
use std::sync::Arc;
use wire::generated::iam;

/// On which side of a decision a policy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    Identity,
    Boundary,
    Resource,
    /// of an organization
    Control,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct Source {
    /// As answers name it: `PolicyInputList.1`, a managed policy's name.
    id: String,
    kind: PolicyKind,
    policy: Arc<Policy>,
    /// where each statement starts and ends
    places: Vec<(Position, Position)>,
}

/// What the evaluator is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub asker: &'a Asker<'a>,
    pub action: &'a str,
    pub resource: &'a str,
    pub context: &'a Context,
}

impl Source {
    /// Reads a policy.
    pub fn read(id: impl Into<String>, kind: PolicyKind, text: &str) -> Result<Source, Malformed> {
        let document_type = match kind {
            PolicyKind::Identity | PolicyKind::Boundary => PolicyType::Identity,
            // It has the elements of a key policy: principals and resources.
            PolicyKind::Resource => PolicyType::Key,
            PolicyKind::Control => PolicyType::Control,
        };
        let policy = Arc::new(Policy::parse(text, document_type)?);
        Ok(Source { id: id.into(), kind, policy, places: spans::places(text) })
    }

    /// For the decision.
    pub fn attached(&self) -> Attached {
        Attached { policy: self.policy.clone(), source: format!("policy {}", self.id) }
    }

    /// What the policy says by itself.
    pub fn ask(&self, ask: &Ask) -> Verdict {
        self.policy.ask(ask.asker, ask.action, ask.resource, ask.context)
    }

    /// The statements with this effect that speak of the request.
    pub fn matched(&self, ask: &Ask, effect: Effect) -> Vec<iam::Statement> {
        let matching = self.policy.matching(ask.asker, ask.action, ask.resource, ask.context);
        matching.into_iter().filter(|m| m.effect == effect).map(|m| self.shape(m.start, m.end)).collect()
    }

    /// The condition keys that the policy names and the request lacks.
    pub fn missing_keys(&self, context: &Context) -> Vec<String> {
        self.policy.missing_keys(context)
    }

    fn shape(&self, from: Position, to: Position) -> iam::Statement {
        let kind = match self.kind {
            PolicyKind::Identity => "IAM Policy",
            PolicyKind::Boundary => "IAM Permissions Boundary Policy",
            PolicyKind::Resource => "Resource Policy",
            PolicyKind::Control => "Service Control Policy",
        };
        let start = self.places.iter().find(|(_, end)| *end == to).map_or(from, |(start, _)| *start);
        iam::Statement {
            source_policy_id: Some(self.id.clone()),
            source_policy_type: Some(kind.to_owned()),
            start_position: Some(position(start)),
            end_position: Some(position(to)),
        }
    }
}

/// The policies that a request carries: `PolicyInputList.1` and so on.
pub fn inputs(list: &str, kind: PolicyKind, texts: &[String]) -> Result<Vec<Source>, Refusal> {
    texts.iter().enumerate().map(|(i, text)| input(format!("{list}.{}", i + 1), kind, text)).collect()
}

/// One policy that a request carries.
pub fn input(id: String, kind: PolicyKind, text: &str) -> Result<Source, Refusal> {
    crate::documents::check_length(text)?;
    let refused = |Malformed(message, why)| invalid(message).because(format!("{id} is no policy: {why}"));
    Source::read(&id, kind, text).map_err(refused)
}

/// The condition keys that policies name.
pub fn keys(policies: &[Source]) -> Vec<String> {
    let mut keys = Vec::new();
    policies.iter().for_each(|source| merge(&mut keys, source.policy.condition_keys()));
    keys
}

/// Keys of several policies, each once, whatever their case.
pub fn merge(keys: &mut Vec<String>, more: Vec<String>) {
    for key in more {
        if !keys.iter().any(|there| there.eq_ignore_ascii_case(&key)) {
            keys.push(key);
        }
    }
}

fn position(place: Position) -> iam::Position {
    let shown = |n: usize| Some(i32::try_from(n).unwrap_or(i32::MAX));
    iam::Position { line: shown(place.line), column: shown(place.column) }
}
