//! May this caller use this key? Gathers the facts, asks `rules::key_access`, and notes the key in the trail record.

use crate::find::{self, Accepts, Named};
use crate::rows::{Grant, Key};
use api::{Answer, Cx, Principal};
use base::Arn;
use catalog::Row;
use rules::key_access::{
    self, AllowedBy, CallerKind, Constraint, Context, Denied, GrantFacts, KeyManager, Question,
};

/// What a request without an encryption context has.
pub static NO_CONTEXT: Context = Context::new();

/// Grants read at a time: a host's session has a handful on one key.
const GRANTS_BATCH: usize = 100;

/// CloudFormation's name of a KMS key, which trail records use.
const KEY_KIND: &str = "AWS::KMS::Key";

/// The encryption context of a request, for a decision.
pub fn context(given: &Option<Context>) -> &Context {
    given.as_ref().unwrap_or(&NO_CONTEXT)
}

/// The key that `name` means, if the caller may do `operation` with it. `context` is that of operations that carry one.
pub fn key(
    cx: &mut Cx,
    name: &str,
    accepts: Accepts,
    operation: &'static str,
    context: Option<&Context>,
) -> Answer<Key> {
    if let Named::Foreign(arn) = find::read(cx, name, accepts)? {
        // Refused without looking: the answer does not tell whether the key exists.
        let denied = decide(cx, &arn, KeyManager::Customer, operation, context, &[]);
        let never = || find::not_found(format!("Key '{arn}' does not exist"));
        return Err(denied.err().map_or_else(never, Denied::refusal).into());
    }
    let key = find::key(cx, name, accepts)?;
    to_key(cx, &key, operation, context)?;
    Ok(key)
}

/// The same for a key that was found already. Tells what allowed it.
pub fn to_key(
    cx: &mut Cx,
    key: &Key,
    operation: &'static str,
    context: Option<&Context>,
) -> Answer<AllowedBy> {
    touch(cx, key);
    let arn = key.arn_parts();
    if cx.caller.principal == Principal::Root {
        return decide(cx, &arn, key.manager, operation, context, &[]).map_err(refused);
    }
    let index = Grant::grantee_index(key, &cx.caller.arn());
    let mut after: Option<String> = None;
    loop {
        let batch = cx.tx.scan_index::<Grant>("grantee", &index, after.as_deref(), GRANTS_BATCH)?;
        let constraints: Vec<Constraint> = batch.iter().map(Grant::constraint).collect();
        let facts: Vec<GrantFacts> = batch.iter().zip(&constraints).map(|(g, c)| facts(g, c)).collect();
        match decide(cx, &arn, key.manager, operation, context, &facts) {
            Ok(by) => return Ok(by),
            Err(denied) if batch.len() < GRANTS_BATCH => return Err(refused(denied)),
            Err(_) => after = batch.last().map(Row::key),
        }
    }
}

fn refused(denied: Denied) -> api::Failure {
    denied.refusal().into()
}

/// A grant as the rules see it.
pub fn facts<'a>(grant: &'a Grant, constraint: &'a Constraint) -> GrantFacts<'a> {
    GrantFacts { id: &grant.grant_id, grantee: &grant.grantee, operations: &grant.operations, constraint }
}

/// Names the key in the trail record.
pub fn touch(cx: &mut Cx, key: &Key) {
    cx.trail.touch(&key.account, KEY_KIND, &key.arn());
}

fn decide(
    cx: &Cx,
    key: &Arn,
    manager: KeyManager,
    operation: &str,
    context: Option<&Context>,
    grants: &[GrantFacts],
) -> Result<AllowedBy, Denied> {
    let caller = match cx.caller.principal {
        Principal::Root => CallerKind::AccountRoot,
        Principal::InstanceInfrastructure { .. } => CallerKind::RoleSession,
        Principal::Service { .. } => CallerKind::Service,
    };
    key_access::decide(&Question {
        caller,
        caller_arn: &cx.caller.arn(),
        caller_account: cx.account(),
        key,
        manager,
        operation,
        via_service: cx.caller.via_service(),
        grants,
        context,
    })
}
