//! Which actions exist. Each service gives one table of entries; the coverage page, the IAM action list and routing are
//! read from here.

use crate::data::serve_data;
use crate::dispatch::{Door, serve};
use crate::{Action, Caller, DataAction, cx::Request};
use std::collections::BTreeMap;
use wire::{Call, Operation, Reply, Service};

/// One action, ready to be called with a decoded-from-the-wire call.
pub struct Entry {
    pub service: &'static Service,
    pub name: &'static str,
    pub iam: &'static str,
    pub read_only: bool,
    /// the condition keys that the action declares
    pub keys: &'static [&'static str],
    pub(crate) serve: fn(&Door, &Caller, &Request, &Call) -> Reply,
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
    }
}

/// All actions of all services.
#[derive(Default)]
pub struct Registry {
    entries: BTreeMap<(&'static str, &'static str), Entry>,
}

impl Registry {
    /// Adds a service's table.
    #[must_use]
    pub fn with(mut self, table: Vec<Entry>) -> Self {
        for entry in table {
            self.entries.insert((entry.service.name, entry.name), entry);
        }
        self
    }

    /// The action of that name, or nothing: then the caller hears what AWS says of unknown actions.
    pub fn find(&self, service: &str, name: &str) -> Option<&Entry> {
        // A lookup key of another lifetime; the map is small, so a range over one service is as good as a hash.
        self.entries.values().find(|e| e.service.name == service && e.name == name)
    }

    /// Every action, ordered by service and name.
    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}
