//! May this caller use this key? Gathers the facts, asks `rules::key_access`, and notes the key in the trail record.

use crate::find::{self, Accepts, Named};
use crate::rows::{Grant, Key};
use api::{Answer, Caller, Cx, Failure, Principal};
use base::{Arn, Fault};
use catalog::Row;
use rules::iam;
use rules::key_access::{self, AllowedBy, CallerKind, Constraint, Context, Denied, GrantFacts, Question};
use rules::key_policy::KeyPolicy;

/// What a request without an encryption context has.
pub static NO_CONTEXT: Context = Context::new();

/// Grants read at a time: a host's session has a handful on one key.
const GRANTS_BATCH: usize = 100;

/// CloudFormation's name of a KMS key, which trail records use.
const KEY_KIND: &str = "AWS::KMS::Key";

/// What one call asks of one key, beyond its operation: each action says it in its own file. What every call tells (the key's
/// facts, its aliases, who calls and through whom) is added by [`decide`].
#[derive(Clone, Debug, Default)]
pub struct Asks<'a> {
    /// The encryption context, for operations that carry one (an absent one being the empty one). Grants are held against it, and
    /// policies see it as `kms:EncryptionContext:…` and `kms:EncryptionContextKeys`.
    pub context: Option<&'a Context>,
    /// The action's own condition keys.
    pub keys: iam::Context,
}

impl<'a> Asks<'a> {
    /// The operation says it all.
    pub fn nothing() -> Asks<'static> {
        Asks::default()
    }

    /// An operation that carries an encryption context.
    pub fn within(context: &'a Context) -> Asks<'a> {
        Asks { context: Some(context), keys: iam::Context::default() }
    }

    /// Adds a condition key: `.with("kms:SigningAlgorithm", "ECDSA_SHA_256")`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.keys.set(name, value);
        self
    }

    /// Adds a condition key if there is a value.
    #[must_use]
    pub fn with_some(mut self, name: &str, value: Option<impl Into<String>>) -> Self {
        self.keys.set_some(name, value);
        self
    }

    /// Adds a condition key with a set of values.
    #[must_use]
    pub fn with_all(mut self, name: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.keys.set_all(name, values);
        self
    }
}

/// The encryption context of a request, for a decision.
pub fn context(given: &Option<Context>) -> &Context {
    given.as_ref().unwrap_or(&NO_CONTEXT)
}

/// The key that `name` means, in the caller's account or another, if the caller may do `operation` with it. `asks`: what else
/// the call asks.
pub fn key(cx: &mut Cx, name: &str, accepts: Accepts, operation: &'static str, asks: &Asks) -> Answer<Key> {
    let Named::Foreign(arn) = find::read(cx, name, accepts)? else {
        let key = find::key(cx, name, accepts)?;
        to_key(cx, &key, operation, asks)?;
        return Ok(key);
    };
    let Some(key) = find::foreign(cx, &arn)? else {
        let caller = cx.caller.arn();
        let denied = key_access::no_such_key_or_not_allowed(&caller, cx.account(), &arn, operation);
        return Err(refused(denied));
    };
    let caller = cx.caller.clone();
    decide(cx, &caller, &key, &arn, operation, asks)?.map_err(refused)?;
    touch(cx, &key);
    Ok(key)
}

/// The same for a key that was found already. Tells what allowed it.
pub fn to_key(cx: &mut Cx, key: &Key, operation: &'static str, asks: &Asks) -> Answer<AllowedBy> {
    let by = asked(cx, key, operation, asks)?.map_err(refused)?;
    touch(cx, key);
    Ok(by)
}

/// Whether the caller may, without saying so in the trail.
pub fn asked(
    cx: &mut Cx,
    key: &Key,
    operation: &'static str,
    asks: &Asks,
) -> Answer<Result<AllowedBy, Denied>> {
    let caller = cx.caller.clone();
    decide(cx, &caller, key, &key.arn_parts(), operation, asks)
}

/// Decides: by the policy alone if that is enough, else with the grants to the caller, a batch at a time.
pub fn decide(
    cx: &mut Cx,
    caller: &Caller,
    key: &Key,
    shown: &Arn,
    operation: &str,
    asks: &Asks,
) -> Answer<Result<AllowedBy, Denied>> {
    let arn = key.arn_parts();
    let policy = KeyPolicy::parse(&key.policy)
        .map_err(|why| Fault::new(format!("the stored policy of {arn} cannot be read: {}", why.0)))?;
    let caller_arn = caller.arn();
    let ask = |grants: &[GrantFacts]| {
        key_access::decide(&Question {
            caller: match caller.principal {
                Principal::Root => CallerKind::AccountRoot,
                Principal::Service { .. } => CallerKind::Service,
                _ => CallerKind::RoleSession,
            },
            caller_arn: &caller_arn,
            caller_account: &caller.account,
            key: &arn,
            shown,
            manager: key.manager,
            policy: &policy,
            operation,
            via_service: caller.via_service(),
            grants,
            context: asks.context,
        })
    };
    match ask(&[]) {
        Err(denied) if !denied.explicit => {}
        decided => return Ok(decided),
    }
    let index = Grant::grantee_index(key, &caller_arn);
    let mut after: Option<String> = None;
    loop {
        let batch = cx.tx.scan_index::<Grant>("grantee", &index, after.as_deref(), GRANTS_BATCH)?;
        let constraints: Vec<Constraint> = batch.iter().map(Grant::constraint).collect();
        let facts: Vec<GrantFacts> = batch.iter().zip(&constraints).map(|(g, c)| facts(g, c)).collect();
        match ask(&facts) {
            Err(_) if batch.len() == GRANTS_BATCH => after = batch.last().map(Row::key),
            decided => return Ok(decided),
        }
    }
}

fn refused(denied: Denied) -> Failure {
    denied.refusal().into()
}

/// A grant as the rules see it.
pub fn facts<'a>(grant: &'a Grant, constraint: &'a Constraint) -> GrantFacts<'a> {
    GrantFacts { id: &grant.grant_id, grantee: &grant.grantee, operations: &grant.operations, constraint }
}

/// Names the key in the trail record. Only once its use is allowed: the record of a use goes to the key's account too.
pub fn touch(cx: &mut Cx, key: &Key) {
    cx.trail.touch(&key.account, KEY_KIND, &key.arn());
}
