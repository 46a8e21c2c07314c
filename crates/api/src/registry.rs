//! Which actions exist. Each service gives one table of entries; the coverage page, the IAM action list and routing are
//! read from here.

use crate::data::serve_data;
use crate::dispatch::Door;
use crate::serve::{Asked, Tell, begin, serve};
use crate::{Action, Caller, DataAction, cx::Request};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::{Call, Operation, Reply, Service};

/// One action, ready to be called with a decoded-from-the-wire call.
pub struct Entry {
    pub service: &'static Service,
    pub name: &'static str,
    pub iam: &'static str,
    pub read_only: bool,
    /// the condition keys that the action declares
    pub keys: &'static [&'static str],
    /// answers, with all the waiting that takes
    pub(crate) serve: fn(&Door, &Caller, &Request, &Call) -> Reply,
    /// the same without waiting, for actions that wait for nothing but their commit
    pub(crate) begin: Option<fn(&Arc<Door>, Asked, Tell)>,
}

/// The entry of an action.
pub fn entry<A: Action>() -> Entry {
    Entry {
        service: A::Op::SERVICE,
        name: A::Op::NAME,
        iam: A::IAM,
        read_only: A::READ_ONLY,
        keys: A::KEYS,
        serve: serve::<A>,
        begin: if A::FINISH.is_none() { Some(begin::<A>) } else { None },
    }
}

/// The entry of an action that moves data.
pub fn data_entry<A: DataAction>() -> Entry {
    Entry {
        service: A::Op::SERVICE,
        name: A::Op::NAME,
        iam: A::IAM,
        read_only: A::READ_ONLY,
        keys: A::KEYS,
        serve: serve_data::<A>,
        begin: None,
    }
}

/// All actions of all services.
#[derive(Default)]
pub struct Registry {
    /// by service, then by name
    entries: BTreeMap<&'static str, BTreeMap<&'static str, Entry>>,
}

impl Registry {
    /// Adds a service's table.
    #[must_use]
    pub fn with(mut self, table: Vec<Entry>) -> Self {
        for entry in table {
            self.entries.entry(entry.service.name).or_default().insert(entry.name, entry);
        }
        self
    }

    /// The action of that name, or nothing: then the caller hears what AWS says of unknown actions.
    pub fn find(&self, service: &str, name: &str) -> Option<&Entry> {
        self.entries.get(service)?.get(name)
    }

    /// Every action, ordered by service and name.
    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().flat_map(BTreeMap::values)
    }
}
