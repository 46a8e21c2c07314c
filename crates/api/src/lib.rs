//! The one door. Every call, from a socket or from inside the house, passes the same steps in the same order: decode, find
//! the action, know the caller, check the syntax, authorise, handle, record, commit, encode. The steps are in `dispatch.rs`,
//! top to bottom; everything else here is what they need. Knows no HTTP and no SQL dialect.

mod action;
mod after;
mod answer;
mod authority;
mod caller;
mod cx;
mod data;
mod dispatch;
pub mod events;
pub mod identity;
mod policies;
mod registry;
mod serve;
mod temporary;
pub mod trail;

pub use action::{Action, DataAction, DataInputOf, DataOutputOf, Finish, InputOf, OutputOf};
pub use after::After;
pub use answer::{Answer, Failure};
pub use authority::{Authority, FULL_ACCESS_ID, Touched, undeclared_keys};
pub use caller::{
    Caller, EBS, Principal, Session, SessionPolicy, Via, infrastructure_session_arn, role_arn, user_arn,
};
pub use cx::{Cx, Request};
pub use dispatch::Door;
pub use registry::{Entry, Registry, data_entry, entry};
pub use serve::{Asked, Served, Tell};

use catalog::{Row, Table};

/// Tables that the door itself keeps; the program adds those of the services when it opens the catalog.
pub const TABLES: &[Table] = &[
    identity::Account::TABLE,
    identity::AccessKey::TABLE,
    identity::AccessKeyUse::TABLE,
    identity::ServerFact::TABLE,
    identity::TemporaryCredential::TABLE,
    identity::User::TABLE,
    identity::Group::TABLE,
    identity::Role::TABLE,
    identity::InstanceProfile::TABLE,
    identity::ManagedPolicy::TABLE,
    identity::Organization::TABLE,
    identity::Node::TABLE,
    identity::ControlPolicy::TABLE,
    trail::Record::TABLE,
    events::Event::TABLE,
];
