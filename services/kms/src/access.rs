//! May this caller use this key? Gathers the facts, asks `rules::key_access`, and notes the key in the trail record.

pub mod facts;

use crate::find::{self, Accepts, Named};
use crate::grant_rows::carries_context;
use crate::policy;
use crate::rows::{Grant, Key};
use api::identity::principals::Names;
use api::{Answer, Caller, Cx, Failure, Touched};
use base::Arn;
use catalog::Row;
use rules::iam::{self, Whom};
use rules::key_access::{
    self, AllowedBy, Constraint, Context, Denied, GrantFacts, NewGrant, Question, UnknownKey,
};

/// What a request without an encryption context has.
pub static NO_CONTEXT: Context = Context::new();

/// Grants read at a time: a host's session has a handful on one key.
const GRANTS_BATCH: usize = 100;

/// Grants read for the reason of a refusal.
const GRANTS_NEAR_MAX: usize = 20;

/// CloudFormation's name of a KMS key, which trail records use.
const KEY_KIND: &str = "AWS::KMS::Key";

/// What one call asks of one key, beyond its operation: each action says it in its own file. What every call tells (the key's
/// facts, its aliases, who calls and through whom) is added in `facts.rs`.
#[derive(Clone, Debug, Default)]
pub struct Asks<'a> {
    /// The encryption context, for operations that carry one (an absent one being the empty one). Grants are held against it, and
    /// policies see it as `kms:EncryptionContext:…` and `kms:EncryptionContextKeys`.
    pub context: Option<&'a Context>,
    /// The action's own condition keys.
    pub keys: iam::Context,
    /// Of CreateGrant: what it would grant.
    pub new_grant: Option<NewGrant<'a>>,
}

impl<'a> Asks<'a> {
    /// The operation says it all.
    pub fn nothing() -> Asks<'static> {
        Asks::default()
    }

    /// An operation that carries an encryption context.
    pub fn within(context: &'a Context) -> Asks<'a> {
        Asks { context: Some(context), ..Asks::default() }
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
    let named = find::read(cx, name, accepts)?;
    let alias = match &named {
        Named::KeyId(_) => None,
        Named::Alias(alias) => Some(alias.clone()),
        Named::Foreign(arn) => arn.resource.starts_with("alias/").then(|| arn.resource.clone()),
    };
    let asks = &asks.clone().with_some("kms:RequestAlias", alias);
    let Named::Foreign(arn) = named else {
        let key = find::key(cx, name, accepts)?;
        to_key(cx, &key, operation, asks)?;
        return Ok(key);
    };
    let caller = cx.caller.clone();
    match find::foreign(cx, &arn)? {
        Some(key) => {
            decide(cx, &caller, &key, &arn, operation, asks)?.map_err(refused)?;
            touch(cx, &key);
            Ok(key)
        }
        None => Err(refused(unknown(cx, &caller, &arn, operation, asks)?)),
    }
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

/// Decides: by the key policy and the caller's own policies if that is enough, else with the grants to the caller that may fit, a
/// batch at a time.
pub fn decide(
    cx: &mut Cx,
    caller: &Caller,
    key: &Key,
    shown: &Arn,
    operation: &str,
    asks: &Asks,
) -> Answer<Result<AllowedBy, Denied>> {
    let policy = policy::of_key(cx, key, caller)?;
    let authority = cx.authority(caller)?;
    let bare = facts::of_call(&authority, caller, operation, asks);
    let mut context = bare.clone();
    facts::of_key(cx, key, &mut context)?;
    let arn = key.arn_parts();
    let ask = |grants: &[GrantFacts]| {
        key_access::decide(&Question {
            asker: authority.asker(caller),
            layers: &authority.layers,
            key: &arn,
            shown,
            manager: key.manager,
            policy: &policy,
            operation,
            context: &context,
            bare: &bare,
            grants,
            encryption_context: asks.context,
            new_grant: asks.new_grant.as_ref(),
        })
    };
    let mut decided = ask(&[]);
    let open = |decided: &Result<AllowedBy, Denied>| decided.as_ref().is_err_and(|denied| !denied.explicit);
    for (whom, index, value) in places(key, caller, operation, asks) {
        let mut after: Option<String> = None;
        while open(&decided) {
            let batch = cx.tx.scan_index::<Grant>(index, &value, after.as_deref(), GRANTS_BATCH)?;
            if !batch.is_empty() {
                decided = with_grants(&batch, whom, ask);
            }
            if batch.len() < GRANTS_BATCH {
                break;
            }
            after = batch.last().map(Row::key);
        }
    }
    // No grant fits; some that do not are read for the reason.
    for (whom, name) in Names::of(caller).each() {
        if open(&decided) {
            let index = Grant::grantee_index(key, name);
            let near = cx.tx.scan_index::<Grant>("grantee", &index, None, GRANTS_NEAR_MAX)?;
            if !near.is_empty() {
                decided = with_grants(&near, whom, ask);
            }
        }
    }
    Ok(decided)
}

/// Asks with grants to the caller under one of its names.
fn with_grants<T>(grants: &[Grant], whom: Whom, ask: impl Fn(&[GrantFacts]) -> T) -> T {
    let constraints: Vec<Constraint> = grants.iter().map(Grant::constraint).collect();
    let facts =
        grants.iter().zip(&constraints).map(|(grant, constraint)| grant_facts(grant, whom, constraint));
    ask(&facts.collect::<Vec<_>>())
}

/// Where grants that may allow this stand: by which name they mean the caller, in which index, under which value.
fn places(key: &Key, caller: &Caller, operation: &str, asks: &Asks) -> Vec<(Whom, &'static str, String)> {
    let mut places = Vec::new();
    for (whom, name) in Names::of(caller).each() {
        match asks.context.filter(|_| carries_context(operation)) {
            Some(context) => {
                let values = Grant::bound_indexes(key, name, context).into_iter();
                places.extend(values.map(|value| (whom, "bound", value)));
            }
            None => places.push((whom, "free", Grant::free_index(key, name))),
        }
    }
    places
}

/// The answer to who may not use a key of another account or names one that is not there.
fn unknown(cx: &mut Cx, caller: &Caller, shown: &Arn, operation: &str, asks: &Asks) -> Answer<Denied> {
    let authority = cx.authority(caller)?;
    let bare = facts::of_call(&authority, caller, operation, asks);
    let (asker, layers) = (authority.asker(caller), &authority.layers);
    Ok(key_access::no_such_key_or_not_allowed(&UnknownKey { asker, layers, shown, operation, bare: &bare }))
}

/// Whether the caller may `action` (`kms:CreateAlias`) on the alias of this name: that is for the caller's own policies alone.
pub fn to_alias(cx: &mut Cx, name: &str, action: &str) -> Answer<()> {
    let alias = Arn::new("kms", cx.region().as_str(), cx.account().as_str(), name);
    let mut touched = Touched::plain(alias.to_string());
    touched.keys.set("kms:CallerAccount", cx.account().as_str());
    touched.keys.set_some("kms:ViaService", cx.caller.via_service());
    touched.keys.set("kms:RequestAlias", name);
    cx.authorise(action, &[touched])
}

/// Whether the caller's own side lets it do what a grant entitles it to under this name of it.
pub fn entitled(cx: &mut Cx, key: &Arn, operation: &str, whom: Whom) -> Answer<Result<(), Denied>> {
    let caller = cx.caller.clone();
    let authority = cx.authority(&caller)?;
    let bare = facts::of_call(&authority, &caller, operation, &Asks::nothing());
    let (asker, layers) = (authority.asker(&caller), &authority.layers);
    Ok(key_access::entitled(&UnknownKey { asker, layers, shown: key, operation, bare: &bare }, whom))
}

pub fn refused(denied: Denied) -> Failure {
    denied.refusal().into()
}

/// A grant as the rules see it.
fn grant_facts<'a>(grant: &'a Grant, whom: Whom, constraint: &'a Constraint) -> GrantFacts<'a> {
    GrantFacts { id: &grant.grant_id, whom, operations: &grant.operations, constraint }
}

/// Names the key in the trail record. Only once its use is allowed: the record of a use goes to the key's account too.
pub fn touch(cx: &mut Cx, key: &Key) {
    cx.trail.touch(&key.account, KEY_KIND, &key.arn());
}
