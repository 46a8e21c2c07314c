//! ListGroupsForUser: the groups that a user is in, by name.
//!
//! Source: IAM API Reference, ListGroupsForUser.

use crate::paging::{self, Paging};
use crate::{find, names, shapes, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{ListGroupsForUser as Op, ListGroupsForUserInput, ListGroupsForUserOutput};

pub struct ListGroupsForUser;

impl Action for ListGroupsForUser {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListGroupsForUser";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListGroupsForUserInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListGroupsForUserInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: ListGroupsForUserInput) -> Answer<ListGroupsForUserOutput> {
        let user = find::user(cx, &input.user_name)?;
        let mut groups = Vec::new();
        for name in &user.groups {
            groups.push(find::group(cx, name)?);
        }
        groups.sort_by_key(Row::key);
        let paging = Paging {
            action: "ListGroupsForUser",
            of: &user.id,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, groups, Row::key)?.map(|group| shapes::group(&group));
        Ok(ListGroupsForUserOutput {
            is_truncated: page.is_truncated(),
            groups: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    #[test]
    fn the_groups_come_by_name_in_pages() {
        let bench = Bench::new();
        let user = ("UserName", "alice");
        bench.ok("CreateUser", &[user]);
        assert_eq!(
            bench.ok("ListGroupsForUser", &[user]),
            "<Groups></Groups><IsTruncated>false</IsTruncated>"
        );
        for name in ["c", "B", "a", "not"] {
            bench.ok("CreateGroup", &[("GroupName", name)]);
        }
        for name in ["c", "B", "a"] {
            bench.ok("AddUserToGroup", &[user, ("GroupName", name)]);
        }
        let first = bench.ok("ListGroupsForUser", &[user, ("MaxItems", "2")]);
        assert_eq!(elements(&first, "GroupName"), ["a", "B"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("ListGroupsForUser", &[user, ("Marker", &marker)]);
        assert_eq!(elements(&second, "GroupName"), ["c"]);
        let message = "The user with name bob cannot be found.";
        bench.refused("ListGroupsForUser", &[("UserName", "bob")], "NoSuchEntity", message);
    }
}
