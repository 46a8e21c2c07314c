//! The caller's side of a decision, layer by layer.
//!
//! | asker | control policies | identity | boundary, session |
//! |---|---|---|---|
//! | root | limit | allowed without | — |
//! | user, role session | limit | must allow | limit, if there are any |
//! | session of a service-linked role | — | must allow | limit |
//! | federated user | limit | must allow (those of its user; the root has none) | session policies must be there and allow |
//! | service | — | has none | — |

use super::decide::{Attached, Decision, Layer, Question};
use super::policy::{Asked, Finding, NEAR_MISSES_MAX, Verdict};
use super::{AskerKind, Whom};

/// What the layers of one question say.
pub(crate) struct Side<'a> {
    question: &'a Question<'a>,
    asked: Asked<'a>,
}

/// Policies of which one must allow.
struct Level<'a> {
    layer: Layer,
    policies: Vec<&'a Attached>,
}

impl<'a> Side<'a> {
    pub fn new(question: &'a Question<'a>) -> Side<'a> {
        let Question { asker, action, resource, context, .. } = question;
        Side { question, asked: Asked::new(asker, action, resource, context) }
    }

    /// The first explicit deny of any layer, the resource's policy included.
    pub fn denial(&self, resource: Option<&Verdict>) -> Option<Decision> {
        let control = self.control();
        let identity = self.level(Layer::Identity);
        let limits = [self.level(Layer::Boundary), self.level(Layer::Session)];
        if let Some(denied) = control.iter().find_map(|level| self.denied_by(level)) {
            return Some(denied);
        }
        if let Some(Verdict::Denied(label)) = resource {
            let reason = format!("{label} of the resource's policy denies it");
            return Some(Decision { allowed: false, explicit: true, layer: Layer::Resource, reason });
        }
        identity.iter().chain(limits.iter().flatten()).find_map(|level| self.denied_by(level))
    }

    /// What the caller's own policies permit; asked after `denial`.
    pub fn permission(&self) -> Decision {
        match self.question.asker.kind {
            AskerKind::Root => match self.controlled() {
                Ok(_) => {
                    allowed(Layer::Root, format!("{} is the root of its account", self.question.asker.arn))
                }
                Err(refused) => refused,
            },
            AskerKind::Service => implicit(
                Layer::Identity,
                format!("{} is an AWS service, which has no policies of its own", self.question.asker.arn),
            ),
            _ => self.permitted(true),
        }
    }

    /// The limits alone: control policies, boundary and session policies, without identity policies.
    pub fn within_limits(&self) -> Decision {
        self.permitted(false)
    }

    /// Whether each level of control policies allows; the statements that do.
    pub fn controlled(&self) -> Result<Vec<String>, Decision> {
        self.control().iter().map(|level| self.allowed_by(level)).collect()
    }

    fn permitted(&self, identity_too: bool) -> Decision {
        let mut by = match self.controlled() {
            Ok(by) => by,
            Err(refused) => return refused,
        };
        let identity = if identity_too { self.level(Layer::Identity) } else { None };
        let limits = [identity, self.level(Layer::Boundary), self.level(Layer::Session)];
        for level in limits.iter().flatten() {
            match self.allowed_by(level) {
                // Whose policy it was is what people want to know first.
                Ok(statement) if level.layer == Layer::Identity => by.insert(0, statement),
                Ok(statement) => by.push(statement),
                Err(refused) => return refused,
            }
        }
        allowed(Layer::Identity, by.join(", "))
    }

    /// Levels of control policies that count for the asker.
    fn control(&self) -> Vec<Level<'a>> {
        match self.question.asker.kind {
            AskerKind::Service | AskerKind::ServiceLinkedRoleSession => Vec::new(),
            _ => {
                let levels = self.question.layers.control.iter();
                levels
                    .map(|level| Level { layer: Layer::Control, policies: level.iter().collect() })
                    .collect()
            }
        }
    }

    /// One of the other layers, if it counts for the asker.
    fn level(&self, layer: Layer) -> Option<Level<'a>> {
        let kind = self.question.asker.kind;
        if matches!(kind, AskerKind::Root | AskerKind::Service) {
            return None;
        }
        let layers = self.question.layers;
        let policies = match layer {
            Layer::Identity if self.question.asker.is_of_root() => return None,
            Layer::Identity => layers.identity.iter().collect(),
            Layer::Boundary => vec![layers.boundary.as_ref()?],
            Layer::Session => match &layers.session {
                Some(policies) => policies.iter().collect(),
                // Credentials of GetFederationToken without a policy may nothing.
                None if kind == AskerKind::FederatedUser => Vec::new(),
                None => return None,
            },
            Layer::Control | Layer::Resource | Layer::Root | Layer::Grant => return None,
        };
        Some(Level { layer, policies })
    }

    fn denied_by(&self, level: &Level) -> Option<Decision> {
        level.policies.iter().find_map(|attached| match attached.policy.find(&self.asked) {
            Finding::Denied(label) => Some(Decision {
                allowed: false,
                explicit: true,
                layer: level.layer,
                reason: format!("{label} of {} denies it", attached.source),
            }),
            _ => None,
        })
    }

    fn allowed_by(&self, level: &Level) -> Result<String, Decision> {
        let allow = level.policies.iter().find_map(|attached| match attached.policy.find(&self.asked) {
            Finding::Allowed(label, _) => Some(format!("{label} of {} allows it", attached.source)),
            _ => None,
        });
        allow.ok_or_else(|| implicit(level.layer, self.why_not(level)))
    }

    /// Why no policy of a level allows the request: what came near.
    fn why_not(&self, level: &Level) -> String {
        let what = match level.layer {
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policies",
            Layer::Control => "service control policies of a level",
            _ => "identity policies",
        };
        let action = self.question.action;
        let none = match (level.layer, level.policies.as_slice()) {
            (Layer::Boundary, [one]) => {
                format!("the permissions boundary, {}, does not allow {action}", one.source)
            }
            (_, []) => format!("there are no {what} that could allow {action}"),
            (_, [one]) => format!("the one of the {what}, {}, does not allow {action}", one.source),
            (_, many) => format!("none of the {} {what} allows {action}", many.len()),
        };
        let mut near: Vec<_> = level
            .policies
            .iter()
            .flat_map(|attached| {
                let misses = attached.policy.near_misses(&self.asked).into_iter();
                misses.map(|(failed, label, why)| {
                    (failed, format!("{label} of {} allows it, but {why}", attached.source))
                })
            })
            .collect();
        near.sort_by_key(|(failed, _)| std::cmp::Reverse(*failed));
        let near = near.into_iter().take(NEAR_MISSES_MAX).map(|(_, near)| near);
        std::iter::once(none).chain(near).collect::<Vec<_>>().join("; ")
    }

    /// Which of the caller's layers a resource policy's Allow leaves to be asked.
    pub fn after_resource(&self, whom: Whom) -> Option<Decision> {
        match whom {
            Whom::Itself => self.controlled().err(),
            Whom::Issuer => Some(self.within_limits()).filter(|decision| !decision.allowed),
            Whom::Account | Whom::Unsaid => Some(self.permission()).filter(|decision| !decision.allowed),
        }
    }
}

pub(super) fn allowed(layer: Layer, reason: String) -> Decision {
    Decision { allowed: true, explicit: false, layer, reason }
}

pub(super) fn implicit(layer: Layer, reason: String) -> Decision {
    Decision { allowed: false, explicit: false, layer, reason }
}
