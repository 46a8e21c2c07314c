//! The steps that every call passes, in order. `Door::serve` (`serve.rs`) is the way in from a socket, `call` the way in for jobs
//! and hosts, `Cx::call` the way in for one action that needs another; all three end in `perform`.

use crate::identity::KeyUses;
use crate::policies::Policies;
use crate::trail::{Ending, Story};
use crate::{Action, Answer, Caller, Cx, Failure, InputOf, OutputOf, Registry, Request};
use base::Refusal;
use catalog::{Catalog, Tx};
use env::Env;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wire::{Input, Operation, Protocol, Service};

/// The one door.
pub struct Door {
    pub env: Env,
    pub catalog: Catalog,
    pub registry: Registry,
    pub(crate) token_key: wire::token::TokenKey,
    /// Trail records written since the start.
    records: AtomicU64,
    pub(crate) policies: Policies,
    /// when each access key was last used, as far as this server saw it
    pub key_uses: KeyUses,
    dependencies: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl Door {
    pub fn new(env: Env, catalog: Catalog, registry: Registry, token_key: wire::token::TokenKey) -> Self {
        Door {
            env,
            catalog,
            registry,
            token_key,
            records: AtomicU64::new(0),
            policies: Policies::default(),
            key_uses: KeyUses::default(),
            dependencies: HashMap::new(),
        }
    }

    /// Gives handlers something to work with, found again by its type.
    #[must_use]
    pub fn with_dependency<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.dependencies.insert(TypeId::of::<T>(), value);
        self
    }

    pub fn dependency<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.dependencies.get(&TypeId::of::<T>()).cloned().and_then(|any| any.downcast().ok())
    }

    /// A call from inside (a job, a host) in a transaction of its own.
    pub fn call<A: Action>(
        &self,
        caller: &Caller,
        request: &Request,
        input: impl Fn() -> InputOf<A>,
    ) -> Result<OutputOf<A>, Failure> {
        self.transact(caller, request, A::Op::SERVICE, |cx| perform::<A>(cx, input()))
    }

    /// Runs `work` in a transaction and commits it; the catalog runs it again while others change what it reads. A refusal is
    /// committed too, because its trail record must stay, but nothing else that the refused work wrote.
    pub fn transact<T>(
        &self,
        caller: &Caller,
        request: &Request,
        service: &'static Service,
        mut work: impl FnMut(&mut Cx) -> Answer<T>,
    ) -> Result<T, Failure> {
        let answer = self
            .catalog
            .transact::<_, Failure>(|tx| self.try_once(tx, caller, request, service, &mut work))?;
        answer.map_err(Failure::Refused)
    }

    /// As [`Door::transact`], but runs `work` once and does not wait for the disk. `say` makes of its end what `then` hears when
    /// that is durable; `then` may run on a thread of the catalog's, which it must not hold up. What another try may heal is
    /// [`Failure::Conflict`].
    pub(crate) fn transact_once<T, S: Send + 'static>(
        &self,
        caller: &Caller,
        request: &Request,
        service: &'static Service,
        work: impl FnOnce(&mut Cx) -> Answer<T>,
        say: impl FnOnce(Result<T, Refusal>) -> S,
        then: impl FnOnce(Answer<S>) + Send + 'static,
    ) {
        let once = |tx: &mut Tx| self.try_once(tx, caller, request, service, work).map(say);
        self.catalog.transact_once(once, then);
    }

    /// One try: what a refusal undoes is undone.
    fn try_once<T>(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        request: &Request,
        service: &'static Service,
        work: impl FnOnce(&mut Cx) -> Answer<T>,
    ) -> Answer<Result<T, Refusal>> {
        let before = tx.savepoint();
        match work(&mut Cx::new(self, tx, caller.clone(), request.clone(), service)) {
            Ok(value) => Ok(Ok(value)),
            Err(Failure::Refused(refusal)) => {
                tx.rollback_to(before);
                Ok(Err(refusal))
            }
            Err(other) => Err(other),
        }
    }
}

/// The heart: check, authorise, dry run, handle, record.
pub(crate) fn perform<A: Action>(cx: &mut Cx, input: InputOf<A>) -> Answer<OutputOf<A>> {
    cx.trail.request_parameters = A::request_parameters(&input);
    let before = cx.tx.savepoint();
    let answer = steps::<A>(cx, input);
    match answer {
        Ok(output) => {
            record::<A>(cx, Ending::Done(A::response_elements(&output)))?;
            Ok(output)
        }
        Err(Failure::Refused(refusal)) => {
            cx.tx.rollback_to(before);
            record::<A>(cx, Ending::Refused(&refusal))?;
            Err(Failure::Refused(refusal))
        }
        Err(other) => Err(other),
    }
}

fn steps<A: Action>(cx: &mut Cx, input: InputOf<A>) -> Answer<OutputOf<A>> {
    A::check(&input)?;
    A::authorise(cx, &input)?;
    let dry_run = input.dry_run();
    let query = matches!(cx.service.protocol, Protocol::Ec2Query);
    if dry_run && query {
        // EC2 stops before it looks at the resources' state.
        return Err(dry_run_passed(query).into());
    }
    let output = A::handle(cx, input)?;
    if dry_run {
        // KMS checks the state too; being a refusal, this undoes what the handler wrote.
        return Err(dry_run_passed(query).into());
    }
    Ok(output)
}

/// The answer to a dry run that would have succeeded.
fn dry_run_passed(query: bool) -> Refusal {
    if query {
        Refusal::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
            .with_status(412)
    } else {
        Refusal::new(
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        )
    }
}

pub(crate) fn record<A: Action>(cx: &mut Cx, ending: Ending) -> Answer<()> {
    record_operation::<A::Op>(cx, A::READ_ONLY, ending)
}

/// Writes the trail record of this call, also into the accounts whose resources it used. The record of a refused call survives
/// what the refusal undoes.
pub(crate) fn record_operation<O: Operation>(cx: &mut Cx, read_only: bool, ending: Ending) -> Answer<()> {
    let refused = matches!(ending, Ending::Refused(_));
    let denied = match &ending {
        Ending::Refused(r) => matches!(r.code.as_ref(), "AccessDeniedException" | "AccessDenied"),
        Ending::Done(_) => false,
    };
    let story = Story {
        caller: &cx.caller,
        request: &cx.request,
        sequence: cx.door.records.fetch_add(1, Ordering::Relaxed),
        event_id: cx.door.env.ids.uuid(),
        event_name: O::NAME,
        event_source: O::SERVICE.event_source,
        read_only,
        draft: std::mem::take(&mut cx.trail),
        ending,
        denied,
    };
    let mut record = story.record();
    let owners = record.owners();
    if !owners.is_empty() {
        record.share(&cx.door.env.ids.uuid());
    }
    let mut records = vec![];
    for owner in owners {
        let sequence = cx.door.records.fetch_add(1, Ordering::Relaxed);
        records.push(record.for_owner(owner, &cx.caller, cx.door.env.ids.uuid(), sequence));
    }
    records.push(record);
    for record in &records {
        if refused { cx.tx.append_kept(record)? } else { cx.tx.append(record)? }
    }
    Ok(())
}
