//! What a handler sees of the world: the transaction, the caller, the request, and the way to other actions.

use crate::dispatch::perform;
use crate::{Action, Answer, Caller, Door, InputOf, OutputOf, events::Event, trail::Draft};
use base::{AccountId, Fault, Region, Timestamp};
use catalog::Tx;
use std::sync::Arc;
use wire::{Operation, Service};

/// One request: what stays the same for the call and for the calls that it makes inside.
#[derive(Clone, Debug)]
pub struct Request {
    pub id: String,
    pub region: Region,
    pub received: Timestamp,
    /// The `host` header, for `tlsDetails.clientProvidedHostHeader`; empty for calls from inside.
    pub host: String,
}

/// The handler's context.
pub struct Cx<'a> {
    pub door: &'a Door,
    pub tx: &'a mut Tx,
    pub caller: Caller,
    pub request: Request,
    /// The service whose action is running; decides the shape of authorisation refusals.
    pub service: &'static Service,
    /// What the trail record of this call will say beyond the defaults.
    pub trail: Draft,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(
        door: &'a Door,
        tx: &'a mut Tx,
        caller: Caller,
        request: Request,
        service: &'static Service,
    ) -> Self {
        Cx { door, tx, caller, request, service, trail: Draft::default() }
    }

    /// The caller's account.
    pub fn account(&self) -> &AccountId {
        &self.caller.account
    }

    pub fn region(&self) -> &Region {
        &self.request.region
    }

    /// `account/region/`, the start of every tenant row's key.
    pub fn tenant(&self) -> String {
        format!("{}/{}/", self.caller.account, self.request.region)
    }

    /// The moment of this request; one call sees one time.
    pub fn now(&self) -> Timestamp {
        self.request.received
    }

    /// A dependency that the program gave to the door, for instance the seal for KMS.
    pub fn dependency<T: Send + Sync + 'static>(&self) -> Answer<Arc<T>> {
        self.door
            .dependency::<T>()
            .ok_or_else(|| Fault::new(format!("no {} was wired", std::any::type_name::<T>())).into())
    }

    /// Calls another action inside the same transaction, with its own authorisation and its own trail record. If it is
    /// refused, what it changed is undone and its record stays.
    pub fn call<A: Action>(&mut self, caller: Caller, input: InputOf<A>) -> Answer<OutputOf<A>> {
        let request = Request { host: String::new(), ..self.request.clone() };
        let mut inner = Cx::new(self.door, self.tx, caller, request, A::Op::SERVICE);
        perform::<A>(&mut inner, input)
    }

    /// Stores an event together with the change that it tells of.
    pub fn publish(&mut self, event: &Event) -> Answer<()> {
        Ok(self.tx.append(event)?)
    }

    /// Stores an event that stays even if this call is refused (the failure of an attachment, for instance).
    pub fn publish_kept(&mut self, event: &Event) -> Answer<()> {
        Ok(self.tx.append_kept(event)?)
    }

    /// Seals a pagination cursor so that it is good for this account, Region and action only.
    pub fn page_token(&self, action: &str, cursor: &str) -> String {
        wire::token::seal(&self.door.token_key, &self.token_scope(action), cursor)
    }

    /// Opens a pagination token; `None` if it is not one that we gave to this account for this action.
    pub fn page_cursor(&self, action: &str, token: &str) -> Option<String> {
        wire::token::open(&self.door.token_key, &self.token_scope(action), token).ok()
    }

    fn token_scope(&self, action: &str) -> String {
        format!("{}{action}", self.tenant())
    }
}
