//! One statement: whether it speaks of a request, and if not, how near it came.

use super::elements::Listed;
use super::json::Position;
use super::principals::Principals;
use super::{Asked, Whom};
use crate::iam::Effect;
use crate::iam::condition::Condition;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its `Sid`, or its place: `statement 2`.
    pub label: String,
    pub sid: Option<String>,
    pub effect: Effect,
    /// `None` in documents that have no principals
    pub principals: Option<Principals>,
    pub actions: Listed,
    pub resources: Listed,
    pub conditions: Vec<Condition>,
    pub start: Position,
    pub end: Position,
}

/// On what a statement failed that is about the action; the later, the nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::iam) enum Failed {
    Principal,
    Resource,
    Condition,
}

impl Statement {
    /// By which name it means the asker, if it speaks of the request at all.
    pub fn means(&self, asked: &Asked) -> Option<Whom> {
        let about = self.is_about(asked) && self.resources.mean(asked.resource, asked.context);
        let whom = if about { self.whom(asked) } else { None };
        whom.filter(|_| self.unmet(asked).is_none())
    }

    /// On what an Allow about this very action failed.
    pub fn near_miss(&self, asked: &Asked) -> Option<Failed> {
        if self.effect != Effect::Allow || !self.is_about(asked) {
            return None;
        }
        if self.whom(asked).is_none() {
            return Some(Failed::Principal);
        }
        if !self.resources.mean(asked.resource, asked.context) {
            return Some(Failed::Resource);
        }
        self.unmet(asked).map(|_| Failed::Condition)
    }

    /// The same in words.
    pub fn why(&self, failed: Failed, asked: &Asked) -> String {
        match (failed, self.unmet(asked)) {
            (Failed::Principal, _) => format!("its principals do not include {}", asked.asker.arn),
            (Failed::Condition, Some(condition)) => condition.unmet(asked.context),
            _ => format!("its resources do not include {}", asked.resource),
        }
    }

    /// Every condition key and variable that it names, as it writes them.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().flat_map(Condition::keys).chain(self.resources.keys())
    }

    /// Whether its actions include the request's.
    pub fn is_about(&self, asked: &Asked) -> bool {
        self.actions.mean(&asked.action_lower, asked.context)
    }

    /// The first condition that does not hold.
    fn unmet(&self, asked: &Asked) -> Option<&Condition> {
        self.conditions.iter().find(|condition| !condition.holds(asked.context, self.effect))
    }

    fn whom(&self, asked: &Asked) -> Option<Whom> {
        match &self.principals {
            Some(principals) => principals.mean(asked.asker),
            None => Some(Whom::Unsaid),
        }
    }
}
