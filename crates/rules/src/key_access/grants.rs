//! Grants in a decision: which one allows a request, and which came near.
//! Source: KMS Developer Guide, "Grants in AWS KMS".

use super::{Constraint, Question};
use crate::iam::{Side, Whom};

/// A grant on the key in question whose grantee is one of the caller's names.
#[derive(Clone, Debug)]
pub struct GrantFacts<'a> {
    pub id: &'a str,
    /// by which of its names the grantee means the caller
    pub whom: Whom,
    pub operations: &'a [String],
    pub constraint: &'a Constraint,
}

/// What a CreateGrant would grant.
#[derive(Clone, Debug)]
pub struct NewGrant<'a> {
    pub operations: &'a [String],
    pub constraint: &'a Constraint,
}

/// May the grantee of `parent` make this grant? Only with fewer or equal operations, under an equal or stricter constraint.
pub fn may_delegate(parent: &GrantFacts, child: &NewGrant) -> bool {
    child.operations.iter().all(|op| parent.operations.contains(op))
        && child.constraint.is_within(parent.constraint)
}

/// Why one grant does not allow a request, from the farthest miss to the nearest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Miss {
    Operation,
    Context,
    Delegation,
    Side(String),
}

/// The id of a grant that allows the request, or which came nearest and on what it failed.
pub(super) fn by_grant(question: &Question, side: &Side) -> Result<String, String> {
    let mut nearest: Option<(Miss, &GrantFacts)> = None;
    for grant in question.grants {
        match miss(question, side, grant) {
            None => return Ok(grant.id.to_owned()),
            Some(miss) if nearest.as_ref().is_none_or(|(so_far, _)| *so_far < miss) => {
                nearest = Some((miss, grant))
            }
            Some(_) => {}
        }
    }
    let Some((miss, grant)) = nearest else {
        return Err("no grant on this key names the caller; it was retired, revoked or never made".to_owned());
    };
    let (count, id, operation) = (question.grants.len(), grant.id, question.operation);
    Err(match miss {
        Miss::Operation => format!("of {count} grants to the caller none includes {operation}"),
        Miss::Context => {
            format!(
                "grant {id} includes {operation} but not with this encryption context: {}",
                demand(grant.constraint)
            )
        }
        Miss::Delegation => format!(
            "grant {id} includes CreateGrant, but a grantee may hand on only operations that its own grant has ({}), under an \
             equal or stricter constraint ({})",
            grant.operations.join(", "),
            demand(grant.constraint)
        ),
        Miss::Side(why) => format!("grant {id} would allow it, but {why}"),
    })
}

fn miss(question: &Question, side: &Side, grant: &GrantFacts) -> Option<Miss> {
    if !grant.operations.iter().any(|op| op == question.operation) {
        return Some(Miss::Operation);
    }
    if let Some(child) = question.new_grant {
        if !may_delegate(grant, child) {
            return Some(Miss::Delegation);
        }
    } else if question.encryption_context.is_some_and(|context| !grant.constraint.admits(context)) {
        // Operations without an encryption context are not held to one.
        return Some(Miss::Context);
    }
    let whom = if grant.whom == Whom::Unsaid { Whom::Account } else { grant.whom };
    side.after_resource(whom).map(|refused| Miss::Side(refused.reason))
}

/// A constraint in words.
fn demand(constraint: &Constraint) -> String {
    let pairs = |pairs: &super::Context| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    match (&constraint.equals, &constraint.subset) {
        (Some(all), _) => format!("it must be exactly {{{}}}", pairs(all)),
        (None, Some(some)) => format!("it must contain {{{}}}", pairs(some)),
        (None, None) => "any encryption context".to_owned(),
    }
}
