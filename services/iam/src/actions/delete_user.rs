//! DeleteUser: only a user who has nothing any more: no access keys, policies or groups.
//!
//! Source: IAM API Reference, DeleteUser.

use crate::{boundary, find, limits, names, touches};
use api::identity::User;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{DeleteUser as Op, DeleteUserInput, DeleteUserOutput};

pub struct DeleteUser;

impl Action for DeleteUser {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteUser";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &DeleteUserInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteUserInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteUserInput) -> Answer<DeleteUserOutput> {
        let user = find::user(cx, &input.user_name)?;
        let has_keys = !find::access_keys(cx, Some(&user.name))?.is_empty();
        let first = [
            (has_keys, "delete access keys first"),
            (!user.attached.is_empty(), "detach all policies first"),
            (!user.inline.is_empty(), "delete policies first"),
            (!user.groups.is_empty(), "remove users from group first"),
        ];
        limits::nothing_first(&first)?;
        boundary::change(cx, user.boundary.as_deref(), None)?;
        cx.tx.delete::<User>(&user.key())?;
        Ok(DeleteUserOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    fn refused(bench: &Bench, first: &str) {
        let message = format!("Cannot delete entity, must {first}.");
        bench.refused("DeleteUser", &[("UserName", "alice")], "DeleteConflict", &message);
    }

    #[test]
    fn everything_of_the_user_goes_first() {
        let bench = Bench::new();
        let name = ("UserName", "alice");
        bench.ok("CreateUser", &[name]);
        bench.allow_all("alice");
        bench.ok("CreateGroup", &[("GroupName", "g")]);
        bench.ok("AddUserToGroup", &[("GroupName", "g"), name]);
        let key = element(&bench.ok("CreateAccessKey", &[name]), "AccessKeyId");
        refused(&bench, "delete access keys first");
        bench.ok("DeleteAccessKey", &[name, ("AccessKeyId", &key)]);
        refused(&bench, "delete policies first");
        bench.change_user("alice", |user| user.inline.clear());
        bench.change_user("alice", |user| user.attached.push("arn:aws:iam::aws:policy/IAMFullAccess".into()));
        refused(&bench, "detach all policies first");
        bench.change_user("alice", |user| user.attached.clear());
        refused(&bench, "remove users from group first");
        bench.ok("RemoveUserFromGroup", &[("GroupName", "g"), name]);
        assert_eq!(bench.ok("DeleteUser", &[name]), "");
        bench.refused("DeleteUser", &[name], "NoSuchEntity", "The user with name alice cannot be found.");
    }

    #[test]
    fn a_namesake_is_somebody_else() {
        let bench = Bench::new();
        let first = element(&bench.ok("CreateUser", &[("UserName", "alice")]), "UserId");
        bench.ok("DeleteUser", &[("UserName", "alice")]);
        let second = element(&bench.ok("CreateUser", &[("UserName", "alice")]), "UserId");
        assert_ne!(first, second);
    }
}
