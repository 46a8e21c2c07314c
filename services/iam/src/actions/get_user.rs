//! GetUser: one user; without a name who is calling, which may be the account's root.
//!
//! Source: IAM API Reference, GetUser.

use crate::find::{self, Named};
use crate::{names, shapes, touches};
use api::identity::Account;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetUser as Op, GetUserInput, GetUserOutput, User};

pub struct GetUser;

impl Action for GetUser {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetUser";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &GetUserInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())
    }

    fn touches(cx: &mut Cx, input: &GetUserInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: GetUserInput) -> Answer<GetUserOutput> {
        let user = match find::named_or_caller(cx, input.user_name.as_deref())? {
            Named::User(name) => shapes::user(&find::user(cx, &name)?),
            Named::Root => root(cx)?,
        };
        Ok(GetUserOutput { user: Some(user) })
    }
}

/// The root shown as a user: it has no name and no path.
fn root(cx: &mut Cx) -> Answer<User> {
    let account = cx.account().clone();
    let row = cx.tx.get::<Account>(account.as_str())?;
    Ok(User {
        user_id: Some(account.to_string()),
        arn: Some(account.root_arn()),
        create_date: row.map(|row| shapes::whole_seconds(row.created)),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn a_user_is_found_whatever_the_case() {
        let bench = Bench::new();
        let made = bench.ok("CreateUser", &[("UserName", "Alice")]);
        assert_eq!(bench.ok("GetUser", &[("UserName", "aLICE")]), made);
    }

    #[test]
    fn without_a_name_it_is_the_caller() {
        let bench = Bench::new();
        let root = "<User><UserId>111122223333</UserId><Arn>arn:aws:iam::111122223333:root</Arn>\
                    <CreateDate>2026-01-02T03:04:05.000Z</CreateDate></User>";
        assert_eq!(bench.ok("GetUser", &[]), root);
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.allow_all("alice");
        let told = bench.ok_as(&bench.user("alice"), "GetUser", &[]);
        assert_eq!(element(&told, "UserName"), "alice");
        let message = "Must specify userName when calling with non-User credentials";
        bench.refused_as(&bench.session(), "GetUser", &[], "ValidationError", message);
    }

    #[test]
    fn a_session_of_a_renamed_user_is_not_the_namesakes() {
        let bench = Bench::new();
        let id = element(&bench.ok("CreateUser", &[("UserName", "alice")]), "UserId");
        bench.allow_all("alice");
        let session = bench.user("alice");
        bench.ok("UpdateUser", &[("UserName", "alice"), ("NewUserName", "bob")]);
        bench.ok("CreateUser", &[("UserName", "alice")]);
        let told = bench.ok_as(&session, "GetUser", &[]);
        assert_eq!((element(&told, "UserName"), element(&told, "UserId")), ("bob".into(), id));
    }

    #[test]
    fn who_is_not_there_is_not_found() {
        let bench = Bench::new();
        let message = "The user with name bob cannot be found.";
        bench.refused("GetUser", &[("UserName", "bob")], "NoSuchEntity", message);
    }
}
