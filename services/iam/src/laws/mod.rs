//! Laws that twin actions share, each written once: what holds for AttachUserPolicy holds for AttachGroupPolicy and AttachRolePolicy.
//! Every action's own tests name the laws that it keeps, for its kind; laws that one action alone has stay in its file.
//!
//! ```text
//!   attached   managed policies on users, groups and roles: Attach, Detach, ListAttached
//!   inline     inline policies of the same: Put, Get, Delete, List
//!   boundary   permission boundaries of users and roles: Put, Delete
//!   tags       tags of users, roles and instance profiles: Tag, Untag, List
//!   managed    whatever takes a managed policy's ARN
//! ```

pub mod attached;
pub mod boundary;
pub mod inline;
pub mod managed;
pub mod tags;

/// What the twins differ in. Its `{:?}` is its word in the names of actions and members: `Role` of `AttachRolePolicy`, `RoleName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    User,
    Group,
    Role,
    InstanceProfile,
}

impl Kind {
    /// The member of forms that holds its name.
    fn member(self) -> &'static str {
        match self {
            Kind::User => "UserName",
            Kind::Group => "GroupName",
            Kind::Role => "RoleName",
            Kind::InstanceProfile => "InstanceProfileName",
        }
    }

    /// As messages name it.
    fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
            Kind::InstanceProfile => "Instance Profile",
        }
    }

    /// What is said of a name that is not there.
    fn missing(self, name: &str) -> String {
        match self {
            Kind::InstanceProfile => format!("Instance Profile {name} cannot be found."),
            _ => format!("The {} with name {name} cannot be found.", self.word()),
        }
    }

    /// A form of `name` and of what else the action takes.
    fn form<'a>(self, name: &'a str, rest: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [&[(self.member(), name)][..], rest].concat()
    }
}
