//! UpdateGroup: another name, another path. Id, policies and users stay the group's.
//!
//! The caller needs `iam:UpdateGroup` on the group as it is and as it will be called. Source: IAM API Reference, UpdateGroup.

use crate::{find, limits, names, touches};
use api::identity::{Group, named};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{UpdateGroup as Op, UpdateGroupInput, UpdateGroupOutput};

pub struct UpdateGroup;

impl Action for UpdateGroup {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UpdateGroup";

    fn check(input: &UpdateGroupInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        input.new_group_name.as_ref().map_or(Ok(()), |name| names::other("newGroupName", name))?;
        names::path("newPath", input.new_path.as_deref())
    }

    fn touches(cx: &mut Cx, input: &UpdateGroupInput) -> Answer<Vec<Touched>> {
        let old = touches::group(cx, &input.group_name)?;
        let key = named(cx.account(), &input.group_name);
        let Some(group) = cx.tx.get::<Group>(&key)? else { return Ok(vec![old]) };
        let path = input.new_path.as_deref().unwrap_or(&group.path);
        let name = input.new_group_name.as_ref().unwrap_or(&group.name);
        let new = Touched::plain(touches::arn_of(cx, "group", Some(path), name));
        Ok(if new == old { vec![old] } else { vec![old, new] })
    }

    fn handle(cx: &mut Cx, input: UpdateGroupInput) -> Answer<UpdateGroupOutput> {
        let old = find::group(cx, &input.group_name)?;
        let mut group = old.clone();
        if let Some(path) = input.new_path {
            group.path = path;
        }
        if let Some(name) = input.new_group_name {
            group.name = name;
        }
        if group.key() != old.key() {
            if cx.tx.get::<Group>(&group.key())?.is_some() {
                return Err(limits::already_exists("Group", &group.name).into());
            }
            cx.tx.delete::<Group>(&old.key())?;
        }
        if group.name != old.name {
            for mut user in find::members(cx, &old)? {
                for name in user.groups.iter_mut().filter(|name| **name == old.name) {
                    name.clone_from(&group.name);
                }
                cx.tx.put(&user)?;
            }
        }
        cx.tx.put(&group)?;
        Ok(UpdateGroupOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    #[test]
    fn a_renamed_group_keeps_its_id_and_its_users() {
        let bench = Bench::new();
        let made = bench.ok("CreateGroup", &[("GroupName", "team")]);
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.ok("AddUserToGroup", &[("GroupName", "team"), ("UserName", "alice")]);
        let rename = [("GroupName", "team"), ("NewGroupName", "crew"), ("NewPath", "/x/")];
        assert_eq!(bench.ok("UpdateGroup", &rename), "");
        let told = bench.ok("GetGroup", &[("GroupName", "crew")]);
        assert_eq!(element(&told, "GroupId"), element(&made, "GroupId"));
        assert!(told.contains("<Arn>arn:aws:iam::111122223333:group/x/crew</Arn>"), "{told}");
        assert_eq!(elements(&told, "UserName"), ["alice"]);
        assert_eq!(elements(&bench.ok("ListGroupsForUser", &[("UserName", "alice")]), "GroupName"), ["crew"]);
        let message = "The group with name team cannot be found.";
        bench.refused("GetGroup", &[("GroupName", "team")], "NoSuchEntity", message);
        bench.refused("UpdateGroup", &rename, "NoSuchEntity", message);
    }

    #[test]
    fn a_taken_name_is_refused() {
        let bench = Bench::new();
        for name in ["a", "b"] {
            bench.ok("CreateGroup", &[("GroupName", name)]);
        }
        let rename = [("GroupName", "a"), ("NewGroupName", "B")];
        bench.refused("UpdateGroup", &rename, "EntityAlreadyExists", "Group with name B already exists.");
        // Its own name in another case is free.
        bench.ok("UpdateGroup", &[("GroupName", "a"), ("NewGroupName", "A")]);
    }
}
