//! UpdateUser: another name, another path. Id, policies, groups and access keys stay the user's.
//!
//! The caller needs `iam:UpdateUser` on the user as it is and as it will be called. Source: IAM API Reference, UpdateUser; IAM User
//! Guide, "Renaming an IAM user".

use crate::{find, limits, names, touches};
use api::identity::{User, named};
use api::{Action, Answer, Cx, Touched, user_arn};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{UpdateUser as Op, UpdateUserInput, UpdateUserOutput};

pub struct UpdateUser;

impl Action for UpdateUser {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UpdateUser";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &UpdateUserInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        input.new_user_name.as_ref().map_or(Ok(()), |name| names::user("newUserName", name))?;
        names::path("newPath", input.new_path.as_deref())
    }

    fn touches(cx: &mut Cx, input: &UpdateUserInput) -> Answer<Vec<Touched>> {
        let old = touches::user(cx, &input.user_name)?;
        let key = named(cx.account(), &input.user_name);
        let Some(user) = cx.tx.get::<User>(&key)? else { return Ok(vec![old]) };
        let path = input.new_path.as_ref().unwrap_or(&user.path);
        let name = input.new_user_name.as_ref().unwrap_or(&user.name);
        let new = Touched { arn: user_arn(cx.account(), path, name), keys: old.keys.clone() };
        Ok(if new == old { vec![old] } else { vec![old, new] })
    }

    fn handle(cx: &mut Cx, input: UpdateUserInput) -> Answer<UpdateUserOutput> {
        let old = find::user(cx, &input.user_name)?;
        let mut user = old.clone();
        if let Some(path) = input.new_path {
            user.path = path;
        }
        if let Some(name) = input.new_user_name {
            user.name = name;
        }
        if user.key() != old.key() {
            if cx.tx.get::<User>(&user.key())?.is_some() {
                return Err(limits::already_exists("User", &user.name).into());
            }
            cx.tx.delete::<User>(&old.key())?;
        }
        if user.name != old.name {
            for mut key in find::access_keys(cx, Some(&old.name))? {
                key.user = Some(user.name.clone());
                cx.tx.put(&key)?;
            }
        }
        cx.tx.put(&user)?;
        Ok(UpdateUserOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    #[test]
    fn a_renamed_user_keeps_id_groups_tags_and_access_keys() {
        let bench = Bench::new();
        let tags = [("UserName", "alice"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        let made = bench.ok("CreateUser", &tags);
        bench.ok("CreateGroup", &[("GroupName", "team")]);
        bench.ok("AddUserToGroup", &[("GroupName", "team"), ("UserName", "alice")]);
        let key = element(&bench.ok("CreateAccessKey", &[("UserName", "alice")]), "AccessKeyId");
        let rename = [("UserName", "alice"), ("NewUserName", "bob"), ("NewPath", "/x/")];
        assert_eq!(bench.ok("UpdateUser", &rename), "");

        let expected =
            made.replace("alice", "bob").replace("user/", "user/x/").replace("<Path>/<", "<Path>/x/<");
        assert_eq!(bench.ok("GetUser", &[("UserName", "bob")]), expected);
        assert_eq!(element(&bench.ok("ListAccessKeys", &[("UserName", "bob")]), "AccessKeyId"), key);
        assert_eq!(elements(&bench.ok("GetGroup", &[("GroupName", "team")]), "UserName"), ["bob"]);
        let message = "The user with name alice cannot be found.";
        bench.refused("GetUser", &[("UserName", "alice")], "NoSuchEntity", message);
        bench.refused("ListAccessKeys", &[("UserName", "alice")], "NoSuchEntity", message);
    }

    #[test]
    fn a_new_case_is_a_new_name_for_the_same_user() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.ok("CreateAccessKey", &[("UserName", "alice")]);
        bench.ok("UpdateUser", &[("UserName", "alice"), ("NewUserName", "Alice")]);
        assert_eq!(element(&bench.ok("GetUser", &[("UserName", "alice")]), "UserName"), "Alice");
        assert_eq!(element(&bench.ok("ListAccessKeys", &[("UserName", "alice")]), "UserName"), "Alice");
    }

    #[test]
    fn a_taken_or_missing_name_is_refused() {
        let bench = Bench::new();
        for name in ["alice", "bob"] {
            bench.ok("CreateUser", &[("UserName", name)]);
        }
        let taken = [("UserName", "alice"), ("NewUserName", "BOB")];
        bench.refused("UpdateUser", &taken, "EntityAlreadyExists", "User with name BOB already exists.");
        let missing = [("UserName", "carol"), ("NewUserName", "dave")];
        bench.refused("UpdateUser", &missing, "NoSuchEntity", "The user with name carol cannot be found.");
        bench.ok("GetUser", &[("UserName", "alice")]);
    }

    #[test]
    fn both_names_need_the_permission() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.ok("CreateUser", &[("UserName", "admin")]);
        let old = "arn:aws:iam::111122223333:user/alice";
        bench.allow("admin", "iam:UpdateUser", old);
        let rename = [("UserName", "alice"), ("NewUserName", "bob")];
        let (status, told) = bench.call_as(&bench.user("admin"), "UpdateUser", &rename);
        assert!(status == 403 && told.contains("user/bob"), "{status} {told}");
        bench.allow("admin", "iam:UpdateUser", "*");
        bench.ok_as(&bench.user("admin"), "UpdateUser", &rename);
    }
}
