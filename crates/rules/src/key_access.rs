//! Who may use a KMS key: the key policy and grants, until IAM policies add their half.
//!
//! | caller | may do |
//! |---|---|
//! | root of the key's account | what the key policy allows the account, and what a grant to the root allows |
//! | root of another account | the same, but only operations that cross accounts, and never with an AWS managed key |
//! | host's role session, in whichever account | what a grant to it allows |
//! | AWS service, for whichever account | what a grant to it allows |
//!
//! An explicit deny of the key policy wins over everything, grants included. Who is of another account and may not hears the
//! same whether the key is there or not.
//!
//! Sources: KMS Developer Guide, "Default key policy", "AWS managed keys", "Grants in AWS KMS", "Allowing users in other accounts
//! to use a KMS key", "Troubleshooting key access".

use crate::key_policy::{KeyPolicy, KeyUse, Verdict};
use base::{AccountId, Arn, Refusal};
use std::collections::BTreeMap;

/// The pairs of an encryption context.
pub type Context = BTreeMap<String, String>;

/// What kind of identity asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// root credentials of an account
    AccountRoot,
    /// a session of the instance-infrastructure role
    RoleSession,
    /// an AWS service acting for itself
    Service,
}

/// Whose key it is to manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyManager {
    Customer,
    Aws,
}

/// What a grant demands of the encryption context (at most one of the two kinds; both are checked if both are there).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraint {
    pub equals: Option<Context>,
    pub subset: Option<Context>,
}

impl Constraint {
    /// Whether a request with this encryption context is within the constraint.
    pub fn admits(&self, context: &Context) -> bool {
        self.equals.as_ref().is_none_or(|all| all == context)
            && self.subset.as_ref().is_none_or(|some| contains(context, some))
    }

    /// Whether everything that `self` admits is admitted by `wider` too.
    pub fn is_within(&self, wider: &Constraint) -> bool {
        let equals = wider.equals.as_ref().is_none_or(|all| self.equals.as_ref() == Some(all));
        let subset = wider.subset.as_ref().is_none_or(|some| {
            self.equals.as_ref().is_some_and(|all| contains(all, some))
                || self.subset.as_ref().is_some_and(|mine| contains(mine, some))
        });
        equals && subset
    }
}

fn contains(context: &Context, some: &Context) -> bool {
    some.iter().all(|(name, value)| context.get(name) == Some(value))
}

/// A grant on the key in question.
#[derive(Clone, Debug)]
pub struct GrantFacts<'a> {
    pub id: &'a str,
    /// ARN or service name
    pub grantee: &'a str,
    pub operations: &'a [String],
    pub constraint: &'a Constraint,
}

/// One request to use one key.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub caller: CallerKind,
    /// ARN, or the name of a service
    pub caller_arn: &'a str,
    pub caller_account: &'a AccountId,
    pub key: &'a Arn,
    /// How a refusal names the key: its ARN, or the alias ARN by which another account's key was named.
    pub shown: &'a Arn,
    pub manager: KeyManager,
    pub policy: &'a KeyPolicy,
    /// without `kms:`, for instance `ReEncryptFrom`
    pub operation: &'a str,
    /// `kms:ViaService`
    pub via_service: Option<&'a str>,
    pub grants: &'a [GrantFacts<'a>],
    /// For operations that carry an encryption context, an absent one being the empty one; for CreateGrant that of the new
    /// grant's constraint.
    pub context: Option<&'a Context>,
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
    /// A deny of the key policy said so: no grant can change it.
    pub explicit: bool,
}

impl Denied {
    /// KMS answers with status 400, as it does to everything.
    pub fn refusal(self) -> Refusal {
        Refusal::new("AccessDeniedException", self.message).because(self.reason)
    }
}

/// May this caller do this with this key?
pub fn decide(question: &Question) -> Result<AllowedBy, Denied> {
    let foreign = is_foreign(question);
    if foreign && (question.manager == KeyManager::Aws || !crosses_accounts(question.operation)) {
        return Err(not_told(question));
    }
    let verdict = question.policy.decide(&key_use(question));
    match (verdict, question.caller) {
        (Verdict::Denied(statement), _) => Err(explicitly_denied(question, &statement)),
        (Verdict::Allowed(statement), CallerKind::AccountRoot) => Ok(AllowedBy::Policy(statement)),
        (Verdict::Silent(why), CallerKind::AccountRoot) => by_grant(question).map_err(|grants| {
            if foreign {
                not_told(question)
            } else {
                denied(question, "resource", silence(question, why, grants))
            }
        }),
        // The policy speaks to sessions and services through grants only; what it allows the whole account goes through IAM.
        (_, CallerKind::RoleSession | CallerKind::Service) => {
            by_grant(question).map_err(|grants| match grants {
                NoGrant::Named if foreign => not_told(question),
                grants => denied(question, "identity", grants.reason(question)),
            })
        }
    }
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
pub fn no_such_key_or_not_allowed(
    caller_arn: &str,
    caller_account: &AccountId,
    shown: &Arn,
    operation: &str,
) -> Denied {
    let reason = if crosses_accounts(operation) {
        format!(
            "account {} has no such key, or neither its key policy nor a grant lets account {caller_account} do \
             kms:{operation} in this way (the service and the encryption context may count)",
            shown.account
        )
    } else {
        format!(
            "the key belongs to account {}, the caller to {caller_account}; kms:{operation} is for a key's own account",
            shown.account
        )
    };
    Denied { message: unallowed(caller_arn, operation, shown, "resource"), reason, explicit: false }
}

/// A service belongs to no account.
fn is_foreign(question: &Question) -> bool {
    question.caller != CallerKind::Service && question.caller_account.as_str() != question.key.account
}

fn key_use<'a>(question: &Question<'a>) -> KeyUse<'a> {
    KeyUse {
        account: (question.caller != CallerKind::Service).then_some(question.caller_account),
        caller_account: question.caller_account,
        key: question.key,
        operation: question.operation,
        via_service: question.via_service,
        context: question.context,
    }
}

/// Why no grant allows a request.
enum NoGrant {
    /// none is to the caller
    Named,
    /// of so many to the caller none includes the operation
    Operation(usize),
    /// so many include the operation, not with this encryption context
    Context(usize),
}

impl NoGrant {
    fn reason(&self, question: &Question) -> String {
        let op = question.operation;
        match self {
            NoGrant::Named => {
                "no grant on this key names the caller; it was retired, revoked or never made".to_owned()
            }
            NoGrant::Operation(n) => format!("of {n} grants to the caller none includes {op}"),
            NoGrant::Context(n) => format!("{n} grants include {op} but not with this encryption context"),
        }
    }
}

fn by_grant(question: &Question) -> Result<AllowedBy, NoGrant> {
    let (mut theirs, mut right_operation) = (0, 0);
    for grant in question.grants.iter().filter(|grant| grant.grantee == question.caller_arn) {
        theirs += 1;
        if !grant.operations.iter().any(|op| op == question.operation) {
            continue;
        }
        right_operation += 1;
        // Operations without an encryption context are not constrained by one; of a grant made under a grant `may_delegate` tells.
        let free = question.operation == "CreateGrant";
        if free || question.context.is_none_or(|context| grant.constraint.admits(context)) {
            return Ok(AllowedBy::Grant(grant.id.to_owned()));
        }
    }
    Err(match (theirs, right_operation) {
        (0, _) => NoGrant::Named,
        (n, 0) => NoGrant::Operation(n),
        (_, n) => NoGrant::Context(n),
    })
}

/// Why the policy of the caller's own account does not allow it.
fn silence(question: &Question, why: String, grants: NoGrant) -> String {
    let policy = match question.manager {
        KeyManager::Customer => why,
        KeyManager::Aws => {
            let ec2 = format!("ec2.{}.amazonaws.com", question.key.region);
            let came = question.via_service.map_or("directly".to_owned(), |via| format!("through {via}"));
            format!(
                "this is an AWS managed key: its policy allows use only through {ec2} (this call came {came}), and to the \
                 account itself only Describe*, Get*, List* and RevokeGrant"
            )
        }
    };
    match grants {
        NoGrant::Named => policy,
        grants => format!("{policy}; {}", grants.reason(question)),
    }
}

fn not_told(question: &Question) -> Denied {
    let Question { caller_arn, caller_account, shown, operation, .. } = question;
    no_such_key_or_not_allowed(caller_arn, caller_account, shown, operation)
}

fn explicitly_denied(question: &Question, statement: &str) -> Denied {
    let Question { caller_arn, shown, operation, .. } = question;
    let message = format!(
        "User: {caller_arn} is not authorized to perform: kms:{operation} on resource: {shown} with an explicit deny in a \
         resource-based policy"
    );
    // AWS's words tell another account that there is a key and a deny; what the statement is called is not its business.
    let reason = match is_foreign(question) {
        true => "the key policy denies it".to_owned(),
        false => format!("{statement} of the key policy denies it"),
    };
    Denied { message, reason, explicit: true }
}

fn denied(question: &Question, policy: &str, reason: String) -> Denied {
    let message = unallowed(question.caller_arn, question.operation, question.shown, policy);
    Denied { message, reason, explicit: false }
}

fn unallowed(caller_arn: &str, operation: &str, shown: &Arn, policy: &str) -> String {
    format!(
        "User: {caller_arn} is not authorized to perform: kms:{operation} on resource: {shown} because no {policy}-based \
         policy allows the kms:{operation} action"
    )
}

/// Who may retire a grant: its retiring principal, its grantee if the grant says so, and the account that made it.
pub fn may_retire(
    caller_arn: &str,
    retiring: Option<&str>,
    grantee: &str,
    operations: &[String],
    issuing_account: &AccountId,
) -> bool {
    retiring == Some(caller_arn)
        || (grantee == caller_arn && operations.iter().any(|op| op == "RetireGrant"))
        || issuing_account.root_arn() == caller_arn
}

/// May the grantee of `parent` make this grant? Only with fewer or equal operations, under an equal or stricter constraint.
pub fn may_delegate(parent: &GrantFacts, operations: &[String], constraint: &Constraint) -> bool {
    operations.iter().all(|op| parent.operations.contains(op)) && constraint.is_within(parent.constraint)
}

#[cfg(test)]
#[path = "key_access_tests.rs"]
mod tests;
