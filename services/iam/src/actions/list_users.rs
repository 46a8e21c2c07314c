//! ListUsers: the account's users under a path, by name; without tags and boundaries.
//!
//! Source: IAM API Reference, ListUsers.

use crate::paging::{self, Paging};
use crate::{names, shapes, touches};
use api::identity::User;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListUsers as Op, ListUsersInput, ListUsersOutput};

pub struct ListUsers;

impl Action for ListUsers {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListUsers";

    fn check(input: &ListUsersInput) -> Result<(), Refusal> {
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListUsersInput) -> Answer<Vec<Touched>> {
        Ok(touches::all_under(cx, "user", input.path_prefix.as_deref()))
    }

    fn handle(cx: &mut Cx, input: ListUsersInput) -> Answer<ListUsersOutput> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let paging = Paging {
            action: "ListUsers",
            of: prefix,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.rows(cx, |user: &User| user.path.starts_with(prefix))?;
        let page = page.map(|user| shapes::user_listed(&user));
        Ok(ListUsersOutput {
            is_truncated: page.is_truncated(),
            users: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, OTHER_ACCOUNT, element, elements};

    #[test]
    fn users_come_by_name_under_a_path_without_their_tags() {
        let bench = Bench::new();
        assert_eq!(bench.ok("ListUsers", &[]), "<Users></Users><IsTruncated>false</IsTruncated>");
        for (name, path) in [("b", "/x/"), ("A", "/"), ("c", "/x/y/")] {
            let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
            bench.ok("CreateUser", &[&[("UserName", name), ("Path", path)][..], &tag].concat());
        }
        bench.ok_as(&bench.root_of(OTHER_ACCOUNT), "CreateUser", &[("UserName", "z")]);
        let all = bench.ok("ListUsers", &[]);
        assert_eq!(elements(&all, "UserName"), ["A", "b", "c"]);
        assert!(!all.contains("<Tags>"), "{all}");
        let id = &elements(&all, "UserId")[2];
        assert_eq!(
            bench.ok("ListUsers", &[("PathPrefix", "/x/y")]),
            format!(
                "<Users><member><Path>/x/y/</Path><UserName>c</UserName><UserId>{id}</UserId>\
                 <Arn>arn:aws:iam::111122223333:user/x/y/c</Arn><CreateDate>2026-01-02T03:04:05.000Z</CreateDate></member>\
                 </Users><IsTruncated>false</IsTruncated>"
            )
        );
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let bench = Bench::new();
        for i in 0..7 {
            let path = if i % 2 == 0 { "/even/" } else { "/" };
            bench.ok("CreateUser", &[("UserName", &format!("u{i}")), ("Path", path)]);
        }
        let first = bench.ok("ListUsers", &[("PathPrefix", "/even/"), ("MaxItems", "3")]);
        assert_eq!(elements(&first, "UserName"), ["u0", "u2", "u4"]);
        assert_eq!(element(&first, "IsTruncated"), "true");
        let marker = element(&first, "Marker");
        let second = bench.ok("ListUsers", &[("PathPrefix", "/even/"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "UserName"), ["u6"]);
        assert!(second.ends_with("<IsTruncated>false</IsTruncated>"), "{second}");

        // A marker is good for its own list only.
        bench.refused("ListUsers", &[("Marker", &marker)], "ValidationError", "Invalid Marker.");
        bench.refused(
            "ListGroups",
            &[("PathPrefix", "/even/"), ("Marker", &marker)],
            "ValidationError",
            "Invalid Marker.",
        );
        bench.refused("ListUsers", &[("Marker", "AAAA")], "ValidationError", "Invalid Marker.");
        for (n, bound) in [("0", "greater than or equal to 1"), ("1001", "less than or equal to 1000")] {
            let message = format!(
                "1 validation error detected: Value '{n}' at 'maxItems' failed to satisfy constraint: Member must have \
                 value {bound}"
            );
            bench.refused("ListUsers", &[("MaxItems", n)], "ValidationError", &message);
        }
    }
}
