//! Who may use a KMS key: the key policy, the policies on the caller's side, and grants, together.
//!
//! ```text
//!   any Deny: control policies, key policy, identity, boundary, session ──► denied, whatever grants say
//!   control policies (none for AWS's own, service-linked roles, the management account) must allow
//!
//!                            allowed by        and besides that, in the caller's side
//!                                              same account               another account
//!   key policy names    the caller itself      nothing                    identity + boundary + session
//!                       its role (its user)    boundary + session         identity + boundary + session
//!                       its account            identity + boundary + session, everywhere
//!   grant to            the caller itself      nothing, everywhere
//!                       its role (its user)    boundary + session, everywhere
//!                       its account            identity + boundary + session, everywhere
//!   identity policies alone                    never enough
//! ```
//! Across accounts only some operations work, and never with an AWS managed key. Who may not use a key of another account hears
//! the same whether the key is there or not: the answer depends on the caller's own side only.
//!
//! Sources: KMS Developer Guide, "Default key policy", "AWS managed keys", "Grants in AWS KMS", "Allowing users in other accounts
//! to use a KMS key", "Troubleshooting key access"; IAM User Guide, "Policy evaluation logic".

mod constraint;
mod grants;

pub use constraint::{Constraint, Context};
pub use grants::{GrantFacts, NewGrant, may_delegate};

use crate::iam::{self, Asker, AskerKind, Decision, Layer, Layers, Policy, Side, Verdict, Whom};
use base::{Arn, Refusal};
use grants::by_grant;

/// Whose key it is to manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyManager {
    Customer,
    Aws,
}

/// One request to use one key.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub asker: Asker<'a>,
    /// the policies on the caller's side
    pub layers: &'a Layers,
    pub key: &'a Arn,
    /// How a refusal names the key: its ARN, or the alias ARN by which another account's key was named.
    pub shown: &'a Arn,
    pub manager: KeyManager,
    pub policy: &'a Policy,
    /// without `kms:`, for instance `ReEncryptFrom`
    pub operation: &'a str,
    /// All condition keys.
    pub context: &'a iam::Context,
    /// The condition keys that do not depend on the key: what there would be if there was none.
    pub bare: &'a iam::Context,
    /// Grants whose grantee is one of the caller's names.
    pub grants: &'a [GrantFacts<'a>],
    /// For operations that carry an encryption context, an absent one being the empty one.
    pub encryption_context: Option<&'a Context>,
    /// For CreateGrant: what it would grant.
    pub new_grant: Option<&'a NewGrant<'a>>,
}

/// A request that needs no more than the name of a key of another account: the key may not be there.
#[derive(Clone, Debug)]
pub struct UnknownKey<'a> {
    pub asker: Asker<'a>,
    pub layers: &'a Layers,
    pub shown: &'a Arn,
    pub operation: &'a str,
    pub bare: &'a iam::Context,
}

/// What made a request allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedBy {
    /// this statement of the key policy
    Policy(String),
    /// the grant with this id
    Grant(String),
}

/// A request that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// AWS's words
    pub message: String,
    /// which rule, in ours
    pub reason: String,
    /// A Deny said so: no grant can change it.
    pub explicit: bool,
    /// The answer does not tell whether there is a key at all: what matters is that the key's account does not let the caller.
    pub hides_key: bool,
}

impl Denied {
    /// KMS answers with status 400, as it does to everything.
    pub fn refusal(self) -> Refusal {
        Refusal::new("AccessDeniedException", self.message).because(self.reason)
    }
}

/// May this caller do this with this key?
pub fn decide(question: &Question) -> Result<AllowedBy, Denied> {
    let foreign = question.is_foreign();
    if foreign && (question.manager == KeyManager::Aws || !crosses_accounts(question.operation)) {
        return Err(question.not_told());
    }
    let (action, key) = (format!("kms:{}", question.operation), question.key.to_string());
    let verdict = question.policy.ask(&question.asker, &action, &key, question.context);
    let asked = iam::Question {
        asker: question.asker.clone(),
        action: &action,
        resource: &key,
        context: question.context,
        layers: question.layers,
    };
    let side = Side::new(&asked);
    let decided = if foreign { across(question, &verdict, &side) } else { within(question, &verdict, &side) };
    decided.map_err(|no| match no {
        No::NotTold => question.not_told(),
        No::Told(decision) => denied(&question.asker, &action, question.shown, decision),
    })
}

/// Operations that can be used with keys of other accounts; the others are for the owner, whatever the policy says.
/// Source: KMS API Reference, "Cross-account use" of each action.
pub fn crosses_accounts(operation: &str) -> bool {
    operation.starts_with("GenerateDataKey")
        || matches!(
            operation,
            "Encrypt"
                | "Decrypt"
                | "ReEncryptFrom"
                | "ReEncryptTo"
                | "GenerateMac"
                | "VerifyMac"
                | "Sign"
                | "Verify"
                | "DeriveSharedSecret"
                | "DescribeKey"
                | "GetPublicKey"
                | "GetKeyRotationStatus"
                | "CreateGrant"
                | "ListGrants"
                | "RetireGrant"
                | "RevokeGrant"
        )
}

/// The answer to who may not use a key of another account, or names one that is not there: the same in both cases.
pub fn no_such_key_or_not_allowed(question: &UnknownKey) -> Denied {
    let UnknownKey { asker, shown, operation, .. } = question;
    let action = format!("kms:{operation}");
    if let Some(refused) = question.ask(Whom::Account) {
        return Denied { hides_key: true, ..denied(asker, &action, shown, refused) };
    }
    let (owner, account) = (&shown.account, asker.account);
    let reason = if crosses_accounts(operation) {
        format!(
            "account {owner} has no such key, or neither its key policy nor a grant lets account {account} do {action} in this way \
             (the service and the encryption context may count)"
        )
    } else {
        format!(
            "the key belongs to account {owner}, the caller to {account}; {action} is for a key's own account"
        )
    };
    Denied { hides_key: true, ..denied(asker, &action, shown, implicit(Layer::Resource, reason)) }
}

/// Whether the caller's own side lets it use what it was given by this name of it: by a grant, the right to retire it, for instance.
pub fn entitled(question: &UnknownKey, whom: Whom) -> Result<(), Denied> {
    let UnknownKey { asker, shown, operation, .. } = question;
    question
        .ask(whom)
        .map_or(Ok(()), |refused| Err(denied(asker, &format!("kms:{operation}"), shown, refused)))
}

impl UnknownKey<'_> {
    /// Why the caller's side does not let it, if it does not.
    fn ask(&self, whom: Whom) -> Option<Decision> {
        let (action, resource) = (format!("kms:{}", self.operation), self.shown.to_string());
        let asked = iam::Question {
            asker: self.asker.clone(),
            action: &action,
            resource: &resource,
            context: self.bare,
            layers: self.layers,
        };
        let side = Side::new(&asked);
        side.denial(None).or_else(|| side.after_resource(whom))
    }
}

/// Why not.
enum No {
    /// The caller is of another account and must not learn whether there is a key.
    NotTold,
    Told(Decision),
}

impl Question<'_> {
    /// A service belongs to no account.
    fn is_foreign(&self) -> bool {
        self.asker.kind != AskerKind::Service && self.asker.account != self.key.account
    }

    fn not_told(&self) -> Denied {
        no_such_key_or_not_allowed(&UnknownKey {
            asker: self.asker.clone(),
            layers: self.layers,
            shown: self.shown,
            operation: self.operation,
            bare: self.bare,
        })
    }
}

/// A caller of the key's own account, or a service.
fn within(question: &Question, verdict: &Verdict, side: &Side) -> Result<AllowedBy, No> {
    if let Some(refused) = side.denial(Some(verdict)) {
        return Err(No::Told(refused));
    }
    let by_policy = match verdict {
        Verdict::Allowed(statement, whom) => match side.after_resource(*whom) {
            None => return Ok(AllowedBy::Policy(statement.clone())),
            Some(refused) => {
                let reason =
                    format!("{statement} of the key policy allows {}; but {}", who(*whom), refused.reason);
                Decision { reason, ..refused }
            }
        },
        Verdict::Silent(why) | Verdict::Denied(why) => silence(question, why, side),
    };
    match by_grant(question, side) {
        Ok(id) => Ok(AllowedBy::Grant(id)),
        Err(why) => Err(No::Told(Decision { reason: format!("{}; {why}", by_policy.reason), ..by_policy })),
    }
}

/// A caller of another account: that account must let it, and the key's own account too.
fn across(question: &Question, verdict: &Verdict, side: &Side) -> Result<AllowedBy, No> {
    if matches!(verdict, Verdict::Denied(_)) {
        return Err(No::NotTold);
    }
    let denial = side.denial(None);
    let by_grant = by_grant(question, side);
    if let (Ok(id), None) = (&by_grant, &denial) {
        return Ok(AllowedBy::Grant(id.clone()));
    }
    // Who has a grant knows that there is a key.
    let statement = match verdict {
        Verdict::Allowed(statement, _) => statement.as_str(),
        _ if by_grant.is_ok() => "a grant",
        _ => return Err(No::NotTold),
    };
    match denial.or_else(|| side.after_resource(Whom::Account)) {
        None => Ok(AllowedBy::Policy(statement.to_owned())),
        Some(refused) => {
            let account = question.asker.account;
            let reason = format!(
                "the key's account lets the caller ({statement}), but its own account {account} does not: {}",
                refused.reason
            );
            Err(No::Told(Decision { reason, ..refused }))
        }
    }
}

/// The layer to blame, and why, when the key policy says nothing.
fn silence(question: &Question, why: &str, side: &Side) -> Decision {
    let policy = match question.manager {
        KeyManager::Customer => why.to_owned(),
        KeyManager::Aws => {
            let ec2 = format!("ec2.{}.amazonaws.com", question.key.region);
            let via = question.context.values("kms:ViaService").first();
            let came = via.map_or("directly".to_owned(), |via| format!("through {via}"));
            format!(
                "this is an AWS managed key: its policy allows use only through {ec2} (this call came {came}), and to the \
                 account itself only Describe*, Get*, List* and RevokeGrant"
            )
        }
    };
    match side.after_resource(Whom::Account) {
        // What is missing first is blamed; without a word of the key policy, IAM alone would not have been enough.
        Some(refused) if matches!(refused.layer, Layer::Identity | Layer::Control) => {
            Decision { reason: format!("{policy}; {}", refused.reason), ..refused }
        }
        _ => implicit(Layer::Resource, policy),
    }
}

fn who(whom: Whom) -> &'static str {
    match whom {
        Whom::Account => "the account, which leaves it to the account's IAM policies",
        Whom::Issuer => "the caller's role",
        Whom::Itself | Whom::Unsaid => "the caller",
    }
}

fn implicit(layer: Layer, reason: String) -> Decision {
    Decision { allowed: false, explicit: false, layer, reason }
}

fn denied(asker: &Asker, action: &str, shown: &Arn, decision: Decision) -> Denied {
    let because = decision.because(action);
    let message =
        format!("User: {} is not authorized to perform: {action} on resource: {shown}{because}", asker.arn);
    Denied { message, reason: decision.reason, explicit: decision.explicit, hides_key: false }
}

#[cfg(test)]
mod tests;
