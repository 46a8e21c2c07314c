//! CreateGroup: a group of users, at most 300 in an account.
//!
//! Source: IAM API Reference, CreateGroup.

use crate::{ids, limits, names, shapes, touches};
use api::identity::{Group, named};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use std::collections::BTreeMap;
use wire::generated::iam::{CreateGroup as Op, CreateGroupInput, CreateGroupOutput};

pub struct CreateGroup;

impl Action for CreateGroup {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateGroup";

    fn check(input: &CreateGroupInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::path("path", input.path.as_deref())
    }

    fn touches(cx: &mut Cx, input: &CreateGroupInput) -> Answer<Vec<Touched>> {
        Ok(vec![Touched::plain(touches::arn_of(cx, "group", input.path.as_deref(), &input.group_name))])
    }

    fn handle(cx: &mut Cx, input: CreateGroupInput) -> Answer<CreateGroupOutput> {
        let key = named(cx.account(), &input.group_name);
        if cx.tx.get::<Group>(&key)?.is_some() {
            return Err(limits::already_exists("Group", &input.group_name).into());
        }
        limits::room_for_one::<Group>(cx, "GroupsPerAccount", limits::GROUPS)?;
        let group = Group {
            account: cx.account().clone(),
            name: input.group_name,
            path: input.path.unwrap_or_else(|| "/".into()),
            id: ids::unique(cx, ids::GROUP),
            created: shapes::whole_seconds(cx.now()),
            inline: BTreeMap::new(),
            attached: Vec::new(),
        };
        cx.tx.put(&group)?;
        Ok(CreateGroupOutput { group: Some(shapes::group(&group)) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn a_group_has_a_path_and_an_id() {
        let bench = Bench::new();
        let told = bench.ok("CreateGroup", &[("GroupName", "team"), ("Path", "/eng/")]);
        let id = element(&told, "GroupId");
        assert!(id.starts_with("AGPA") && id.len() == 21, "{id}");
        assert_eq!(
            told,
            format!(
                "<Group><Path>/eng/</Path><GroupName>team</GroupName><GroupId>{id}</GroupId>\
                 <Arn>arn:aws:iam::111122223333:group/eng/team</Arn><CreateDate>2026-01-02T03:04:05.000Z</CreateDate></Group>"
            )
        );
        let message = "Group with name TEAM already exists.";
        bench.refused("CreateGroup", &[("GroupName", "TEAM")], "EntityAlreadyExists", message);
        let message = "The specified value for groupName is invalid. It must contain only alphanumeric characters and/or the \
                       following: +=,.@_-";
        bench.refused("CreateGroup", &[("GroupName", "a*")], "ValidationError", message);
    }

    #[test]
    fn three_hundred_groups_are_the_most() {
        let bench = Bench::new();
        for i in 0..300 {
            bench.ok("CreateGroup", &[("GroupName", &i.to_string())]);
        }
        let message = "Cannot exceed quota for GroupsPerAccount: 300";
        bench.refused("CreateGroup", &[("GroupName", "more")], "LimitExceeded", message);
        bench.ok("DeleteGroup", &[("GroupName", "7")]);
        bench.ok("CreateGroup", &[("GroupName", "more")]);
    }
}
