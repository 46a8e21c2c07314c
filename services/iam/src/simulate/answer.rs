//! Actions × resources ─► EvaluationResults, one per action.
//!
//! | resources | a result holds |
//! |---|---|
//! | none, or `*` alone | the decision about `*` |
//! | one | the decision about it, and the same as its one ResourceSpecificResult |
//! | several | a ResourceSpecificResult each, and above them: denied if one is denied explicitly, else allowed if one is allowed |
//!
//! Recorded of AWS, whose answer names an ARN's general form above several resources; here it is `*`.

use super::scene::{Outcome, Said, Scene};
use crate::names;
use crate::paging::{self, Page, Paging};
use api::{Answer, Cx};
use base::Refusal;
use wire::generated::iam::{
    EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail, ResourceSpecificResult,
};

/// Most decisions of one call: a bound on its time. (AWS names none.)
const DECISIONS_MAX: usize = 10_000;

/// What a request asks about.
pub struct Asked<'a> {
    pub actions: &'a [String],
    pub resources: Option<&'a [String]>,
    pub max_items: Option<i32>,
    pub marker: Option<&'a str>,
}

impl Asked<'_> {
    /// The form of actions and resources.
    pub fn check(&self) -> Result<(), Refusal> {
        paging::check(self.max_items)?;
        for (i, action) in self.actions.iter().enumerate() {
            names::length(&format!("actionNames.{}.member", i + 1), action, 3, 128)?;
            let parts = action.split_once(':');
            if !parts.is_some_and(|(service, name)| is_word(service) && is_word(name)) {
                let message = format!(
                    "Invalid action name: {action}. It must be <service>:<action> without wildcards."
                );
                return Err(super::entries::invalid(message));
            }
        }
        for (i, resource) in self.resources.unwrap_or_default().iter().enumerate() {
            names::length(&format!("resourceArns.{}.member", i + 1), resource, 1, 2048)?;
            if resource != "*" && base::Arn::parse(resource).is_err() {
                return Err(super::entries::invalid(format!("Invalid resource ARN: {resource}.")));
            }
        }
        if self.actions.len().saturating_mul(self.resources.map_or(1, <[String]>::len).max(1)) > DECISIONS_MAX
        {
            let message =
                format!("A simulation has at most {DECISIONS_MAX} combinations of action and resource.");
            return Err(super::entries::invalid(message));
        }
        Ok(())
    }

    /// A page of results.
    pub fn page(&self, cx: &Cx, action: &'static str, scene: &Scene) -> Answer<Page<EvaluationResult>> {
        let of = format!("{:?} {:?}", self.actions, self.resources);
        let paging = Paging { action, of: &of, max_items: self.max_items, marker: self.marker };
        let numbered = self.actions.iter().enumerate().collect();
        let page = paging.list(cx, numbered, |(i, _): &(usize, &String)| format!("{i:06}"))?;
        Ok(page.map(|(_, action)| self.result(scene, action)))
    }

    fn result(&self, scene: &Scene, action: &str) -> EvaluationResult {
        match self.resources.unwrap_or_default() {
            [] => whole(action, "*", scene.outcome(action, "*")),
            [resource] if resource == "*" => whole(action, "*", scene.outcome(action, "*")),
            [resource] => {
                let outcome = scene.outcome(action, resource);
                let specific = specific(resource, outcome.clone());
                EvaluationResult {
                    missing_context_values: Some(vec![]),
                    eval_decision_details: Some(outcome.details.clone()),
                    resource_specific_results: Some(vec![specific]),
                    ..whole(action, resource, outcome)
                }
            }
            resources => several(action, resources, scene),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// A result without resources of its own.
fn whole(action: &str, resource: &str, outcome: Outcome) -> EvaluationResult {
    EvaluationResult {
        eval_action_name: Some(action.to_owned()),
        eval_resource_name: Some(resource.to_owned()),
        eval_decision: Some(outcome.said.word().to_owned()),
        matched_statements: Some(outcome.matched),
        missing_context_values: Some(outcome.missing),
        organizations_decision_detail: outcome
            .by_organizations
            .map(|allowed| OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }),
        permissions_boundary_decision_detail: boundary(outcome.by_boundary),
        eval_decision_details: None,
        resource_specific_results: None,
    }
}

fn specific(resource: &str, outcome: Outcome) -> ResourceSpecificResult {
    ResourceSpecificResult {
        eval_resource_name: Some(resource.to_owned()),
        eval_resource_decision: Some(outcome.said.word().to_owned()),
        matched_statements: Some(outcome.matched),
        missing_context_values: Some(outcome.missing),
        eval_decision_details: Some(outcome.details),
        permissions_boundary_decision_detail: boundary(outcome.by_boundary),
    }
}

fn several(action: &str, resources: &[String], scene: &Scene) -> EvaluationResult {
    let outcomes: Vec<Outcome> = resources.iter().map(|resource| scene.outcome(action, resource)).collect();
    let any = |said: Said| outcomes.iter().any(|outcome| outcome.said == said);
    let said = match (any(Said::ExplicitDeny), any(Said::Allowed)) {
        (true, _) => Said::ExplicitDeny,
        (false, true) => Said::Allowed,
        (false, false) => Said::ImplicitDeny,
    };
    let every = |layer: fn(&Outcome) -> Option<bool>| {
        outcomes.iter().map(layer).reduce(|a, b| Some(a? && b?)).flatten()
    };
    let above = Outcome {
        said,
        matched: vec![],
        missing: vec![],
        by_boundary: every(|outcome| outcome.by_boundary),
        by_organizations: every(|outcome| outcome.by_organizations),
        details: Default::default(),
    };
    let specific = resources.iter().zip(outcomes).map(|(resource, outcome)| specific(resource, outcome));
    let specific = specific.collect();
    EvaluationResult { resource_specific_results: Some(specific), ..whole(action, "*", above) }
}

fn boundary(allowed: Option<bool>) -> Option<PermissionsBoundaryDecisionDetail> {
    allowed
        .map(|allowed| PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) })
}
