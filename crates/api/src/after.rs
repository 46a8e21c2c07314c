//! After the transaction: what an action may still do before the caller hears its answer.

use crate::{Answer, Caller, Cx, Door, Failure, Request};
use base::Fault;
use std::sync::Arc;
use wire::Service;

/// The world outside the transaction, for one call.
pub struct After<'a> {
    pub door: &'a Door,
    pub caller: &'a Caller,
    pub request: &'a Request,
    pub service: &'static Service,
}

impl After<'_> {
    /// Runs `work` in a transaction of its own, in the name of the caller.
    pub fn transact<T>(&self, work: impl FnMut(&mut Cx) -> Answer<T>) -> Result<T, Failure> {
        self.door.transact(self.caller, self.request, self.service, work)
    }

    /// Something that the program gave to the door, for instance the hosts.
    pub fn dependency<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, Failure> {
        let missing = || Fault::new(format!("no {} was wired", std::any::type_name::<T>()));
        Ok(self.door.dependency::<T>().ok_or_else(missing)?)
    }
}
