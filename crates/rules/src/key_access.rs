//! Who may use a KMS key, until key policies and IAM policies are evaluated in full. The rules are those that the default key
//! policy, the policy of the AWS managed key and grants amount to:
//!
//! | caller | customer key | AWS managed key (`alias/aws/ebs`) |
//! |---|---|---|
//! | root of the key's account | everything | through EC2: cryptography, CreateGrant, DescribeKey; itself: Describe*, Get*, List*, RevokeGrant |
//! | host's role session, AWS service | what a grant to it allows | the same |
//! | anybody of another account | nothing | nothing |
//!
//! Sources: KMS Developer Guide, "Default key policy", "AWS managed keys", "Grants in AWS KMS", "Troubleshooting key access".

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
    pub manager: KeyManager,
    /// without `kms:`, for instance `ReEncryptFrom`
    pub operation: &'a str,
    /// `kms:ViaService`
    pub via_service: Option<&'a str>,
    pub grants: &'a [GrantFacts<'a>],
    /// for operations that carry an encryption context; an absent one is the empty one
    pub context: Option<&'a Context>,
}

/// What made a request allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedBy {
    /// the default key policy's statement for the account root
    AccountRoot,
    /// the AWS managed key's statement for users of the service
    ManagedKeyThroughService,
    /// the AWS managed key's statement for the account root
    ManagedKeyReadOnly,
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
}

impl Denied {
    /// KMS answers with status 400, as it does to everything.
    pub fn refusal(self) -> Refusal {
        Refusal::new("AccessDeniedException", self.message).because(self.reason)
    }
}

/// May this caller do this with this key?
pub fn decide(question: &Question) -> Result<AllowedBy, Denied> {
    if question.caller_account.as_str() != question.key.account {
        let reason = format!(
            "the key belongs to account {}, the caller to {}; use of other accounts' keys is not offered yet",
            question.key.account, question.caller_account
        );
        return Err(denied(question, "resource", reason));
    }
    match (question.caller, question.manager) {
        (CallerKind::AccountRoot, KeyManager::Customer) => Ok(AllowedBy::AccountRoot),
        (CallerKind::AccountRoot, KeyManager::Aws) => managed_key(question),
        (CallerKind::RoleSession | CallerKind::Service, _) => by_grant(question),
    }
}

/// The two statements of the policy `auto-ebs-2`.
fn managed_key(question: &Question) -> Result<AllowedBy, Denied> {
    let op = question.operation;
    let ec2 = format!("ec2.{}.amazonaws.com", question.key.region);
    let usable = matches!(op, "Encrypt" | "Decrypt" | "CreateGrant" | "DescribeKey")
        || op.starts_with("ReEncrypt")
        || op.starts_with("GenerateDataKey");
    let readable =
        op.starts_with("Describe") || op.starts_with("Get") || op.starts_with("List") || op == "RevokeGrant";
    match question.via_service {
        Some(via) if usable && via == ec2 => Ok(AllowedBy::ManagedKeyThroughService),
        _ if readable => Ok(AllowedBy::ManagedKeyReadOnly),
        via => {
            let came = via.map_or("directly".to_owned(), |via| format!("through {via}"));
            let reason = format!(
                "this is an AWS managed key: its policy allows use only through {ec2} (this call came {came}), and to the \
                 account itself only Describe*, Get*, List* and RevokeGrant"
            );
            Err(denied(question, "resource", reason))
        }
    }
}

fn by_grant(question: &Question) -> Result<AllowedBy, Denied> {
    let (mut theirs, mut right_operation) = (0, 0);
    for grant in question.grants.iter().filter(|grant| grant.grantee == question.caller_arn) {
        theirs += 1;
        if !grant.operations.iter().any(|op| op == question.operation) {
            continue;
        }
        right_operation += 1;
        // Operations without an encryption context are not constrained by one.
        if question.context.is_none_or(|context| grant.constraint.admits(context)) {
            return Ok(AllowedBy::Grant(grant.id.to_owned()));
        }
    }
    let reason = match (theirs, right_operation) {
        (0, _) => "no grant on this key names the caller; it was retired, revoked or never made".to_owned(),
        (n, 0) => format!("of {n} grants to the caller none includes {}", question.operation),
        (_, n) => format!("{n} grants include {} but not with this encryption context", question.operation),
    };
    Err(denied(question, "identity", reason))
}

fn denied(question: &Question, policy: &str, reason: String) -> Denied {
    let Question { caller_arn, key, operation, .. } = question;
    let message = format!(
        "User: {caller_arn} is not authorized to perform: kms:{operation} on resource: {key} because no {policy}-based \
         policy allows the kms:{operation} action"
    );
    Denied { message, reason }
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
