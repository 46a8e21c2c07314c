//! GetGroup: a group and, in pages, its users by name.
//!
//! Source: IAM API Reference, GetGroup.

use crate::paging::{self, Paging};
use crate::{find, names, shapes, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{GetGroup as Op, GetGroupInput, GetGroupOutput};

pub struct GetGroup;

impl Action for GetGroup {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetGroup";

    fn check(input: &GetGroupInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &GetGroupInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: GetGroupInput) -> Answer<GetGroupOutput> {
        let group = find::group(cx, &input.group_name)?;
        let users = find::members(cx, &group)?;
        let paging = Paging {
            action: "GetGroup",
            of: &group.id,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, users, Row::key)?.map(|user| shapes::user_listed(&user));
        Ok(GetGroupOutput {
            group: Some(shapes::group(&group)),
            is_truncated: page.is_truncated(),
            users: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    #[test]
    fn a_group_is_shown_with_its_users_in_pages() {
        let bench = Bench::new();
        let made = bench.ok("CreateGroup", &[("GroupName", "team")]);
        let empty = format!("{made}<Users></Users><IsTruncated>false</IsTruncated>");
        assert_eq!(bench.ok("GetGroup", &[("GroupName", "Team")]), empty);
        for name in ["c", "A", "b", "other"] {
            bench.ok("CreateUser", &[("UserName", name)]);
        }
        for name in ["c", "A", "b"] {
            bench.ok("AddUserToGroup", &[("GroupName", "team"), ("UserName", name)]);
        }
        let first = bench.ok("GetGroup", &[("GroupName", "team"), ("MaxItems", "2")]);
        assert_eq!(elements(&first, "UserName"), ["A", "b"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("GetGroup", &[("GroupName", "team"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "UserName"), ["c"]);
        let message = "The group with name none cannot be found.";
        bench.refused("GetGroup", &[("GroupName", "none")], "NoSuchEntity", message);
    }
}
