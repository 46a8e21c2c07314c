//! AddUserToGroup: a user may be in 10 groups; being in one twice is no error.
//!
//! Source: IAM API Reference, AddUserToGroup; IAM User Guide, "IAM and AWS STS quotas".

use crate::{find, limits, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AddUserToGroup as Op, AddUserToGroupInput, AddUserToGroupOutput};

pub struct AddUserToGroup;

impl Action for AddUserToGroup {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AddUserToGroup";

    fn check(input: &AddUserToGroupInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::user("userName", &input.user_name)
    }

    fn touches(cx: &mut Cx, input: &AddUserToGroupInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: AddUserToGroupInput) -> Answer<AddUserToGroupOutput> {
        let group = find::group(cx, &input.group_name)?;
        let mut user = find::user(cx, &input.user_name)?;
        if user.groups.contains(&group.name) {
            return Ok(AddUserToGroupOutput {});
        }
        if user.groups.len() >= limits::GROUPS_PER_USER {
            return Err(limits::exceeded("GroupsPerUser", limits::GROUPS_PER_USER).into());
        }
        user.groups.push(group.name);
        user.groups.sort_by_key(|name| name.to_ascii_lowercase());
        cx.tx.put(&user)?;
        Ok(AddUserToGroupOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, elements};

    #[test]
    fn a_user_is_in_a_group_once_and_in_ten_at_most() {
        let bench = Bench::new();
        let user = ("UserName", "alice");
        bench.ok("CreateUser", &[user]);
        for i in 0..11 {
            bench.ok("CreateGroup", &[("GroupName", &format!("g{i}"))]);
        }
        for i in [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9] {
            assert_eq!(bench.ok("AddUserToGroup", &[user, ("GroupName", &format!("G{i}"))]), "");
        }
        assert_eq!(elements(&bench.ok("ListGroupsForUser", &[user]), "GroupName").len(), 10);
        let message = "Cannot exceed quota for GroupsPerUser: 10";
        bench.refused("AddUserToGroup", &[user, ("GroupName", "g10")], "LimitExceeded", message);
    }

    #[test]
    fn both_must_be_there() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.ok("CreateGroup", &[("GroupName", "team")]);
        let form = [("UserName", "bob"), ("GroupName", "team")];
        bench.refused("AddUserToGroup", &form, "NoSuchEntity", "The user with name bob cannot be found.");
        let form = [("UserName", "alice"), ("GroupName", "none")];
        bench.refused("AddUserToGroup", &form, "NoSuchEntity", "The group with name none cannot be found.");
    }
}
