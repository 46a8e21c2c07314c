//! CreateUser: a user without any permission, at most 5,000 in an account. Names differ by more than their case.
//!
//! Needs `iam:CreateUser`, with tags `iam:TagUser` too. Source: IAM API Reference, CreateUser.

use crate::{boundary, ids, limits, names, shapes, tagging, touches};
use api::identity::{User, named};
use api::{Action, Answer, Cx, InputOf};
use base::Refusal;
use std::collections::BTreeMap;
use wire::generated::iam::{CreateUser as Op, CreateUserInput, CreateUserOutput};

pub struct CreateUser;

impl Action for CreateUser {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateUser";
    const KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys", "iam:PermissionsBoundary"];

    fn check(input: &CreateUserInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        names::path("path", input.path.as_deref())?;
        boundary::check(input.permissions_boundary.as_deref())?;
        tagging::check(input.tags.as_deref())
    }

    fn authorise(cx: &mut Cx, input: &InputOf<Self>) -> Answer<()> {
        let arn = touches::arn_of(cx, "user", input.path.as_deref(), &input.user_name);
        let touched = api::Touched::plain(arn);
        let touched = touches::with_boundary(touched, input.permissions_boundary.as_deref());
        touches::authorise_creation(cx, Self::IAM, "iam:TagUser", touched, input.tags.as_deref())
    }

    fn handle(cx: &mut Cx, input: CreateUserInput) -> Answer<CreateUserOutput> {
        let key = named(cx.account(), &input.user_name);
        if cx.tx.get::<User>(&key)?.is_some() {
            return Err(limits::already_exists("User", &input.user_name).into());
        }
        limits::room_for_one::<User>(cx, "UsersPerAccount", limits::USERS)?;
        boundary::change(cx, None, input.permissions_boundary.as_deref())?;
        let mut tags = Vec::new();
        tagging::add(&mut tags, input.tags.as_deref().unwrap_or_default())?;
        let user = User {
            account: cx.account().clone(),
            name: input.user_name,
            path: input.path.unwrap_or_else(|| "/".into()),
            id: ids::unique(cx, ids::USER),
            created: shapes::whole_seconds(cx.now()),
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: input.permissions_boundary,
            groups: Vec::new(),
            tags,
        };
        cx.tx.put(&user)?;
        Ok(CreateUserOutput { user: Some(shapes::user(&user)) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn a_user_has_a_path_an_id_and_tags() {
        let bench = Bench::new();
        let form = [
            ("UserName", "alice"),
            ("Path", "/eng/"),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "a b"),
        ];
        let told = bench.ok("CreateUser", &form);
        let id = element(&told, "UserId");
        assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
        assert_eq!(
            told,
            format!(
                "<User><Path>/eng/</Path><UserName>alice</UserName><UserId>{id}</UserId>\
                 <Arn>arn:aws:iam::111122223333:user/eng/alice</Arn><CreateDate>2026-01-02T03:04:05.000Z</CreateDate>\
                 <Tags><member><Key>team</Key><Value>a b</Value></member></Tags></User>"
            )
        );
        let record = bench.last_record("CreateUser").body;
        assert_eq!(record["requestParameters"]["userName"], "alice");
        assert_eq!(record["responseElements"]["user"]["userId"], id.as_str());
    }

    #[test]
    fn names_differ_by_more_than_their_case() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "Alice")]);
        let message = "User with name alice already exists.";
        bench.refused("CreateUser", &[("UserName", "alice")], "EntityAlreadyExists", message);
        // Another account's names are its own.
        bench.ok_as(&bench.root_of(crate::testing::OTHER_ACCOUNT), "CreateUser", &[("UserName", "alice")]);
    }

    #[test]
    fn what_no_user_may_have_is_refused() {
        let bench = Bench::new();
        let invalid = "The specified value for userName is invalid. It must contain only alphanumeric characters and/or \
                       the following: +=,.@_-";
        bench.refused("CreateUser", &[("UserName", "a b")], "ValidationError", invalid);
        let invalid = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
                       characters and/or / characters.";
        bench.refused("CreateUser", &[("UserName", "a"), ("Path", "eng")], "ValidationError", invalid);
        let arn = "arn:aws:iam::111122223333:policy/none";
        let message = format!("Policy {arn} does not exist or is not attachable.");
        bench.refused(
            "CreateUser",
            &[("UserName", "a"), ("PermissionsBoundary", arn)],
            "NoSuchEntity",
            &message,
        );
        let message =
            "Value arn:aws:iam::111122223333:role/none for parameter PermissionsBoundary is invalid.";
        let form = [("UserName", "a"), ("PermissionsBoundary", "arn:aws:iam::111122223333:role/none")];
        bench.refused("CreateUser", &form, "ValidationError", message);
        let form = [
            ("UserName", "a"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
            ("Tags.member.2.Key", "K"),
            ("Tags.member.2.Value", "v"),
        ];
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        bench.refused("CreateUser", &form, "InvalidInput", message);
        let message = "The user with name a cannot be found.";
        bench.refused("GetUser", &[("UserName", "a")], "NoSuchEntity", message);
    }
}
