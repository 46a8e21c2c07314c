//! ListGroups: the account's groups under a path, by name.
//!
//! Source: IAM API Reference, ListGroups.

use crate::paging::{self, Paging};
use crate::{names, shapes, touches};
use api::identity::Group;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListGroups as Op, ListGroupsInput, ListGroupsOutput};

pub struct ListGroups;

impl Action for ListGroups {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListGroups";

    fn check(input: &ListGroupsInput) -> Result<(), Refusal> {
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListGroupsInput) -> Answer<Vec<Touched>> {
        Ok(touches::all_under(cx, "group", input.path_prefix.as_deref()))
    }

    fn handle(cx: &mut Cx, input: ListGroupsInput) -> Answer<ListGroupsOutput> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let paging = Paging {
            action: "ListGroups",
            of: prefix,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.rows(cx, |group: &Group| group.path.starts_with(prefix))?;
        let page = page.map(|group| shapes::group(&group));
        Ok(ListGroupsOutput {
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
    fn groups_come_by_name_under_a_path_in_pages() {
        let bench = Bench::new();
        assert_eq!(bench.ok("ListGroups", &[]), "<Groups></Groups><IsTruncated>false</IsTruncated>");
        for (name, path) in [("b", "/x/"), ("A", "/"), ("c", "/x/y/")] {
            bench.ok("CreateGroup", &[("GroupName", name), ("Path", path)]);
        }
        assert_eq!(elements(&bench.ok("ListGroups", &[]), "GroupName"), ["A", "b", "c"]);
        let first = bench.ok("ListGroups", &[("PathPrefix", "/x/"), ("MaxItems", "1")]);
        assert_eq!(
            (elements(&first, "GroupName"), element(&first, "IsTruncated")),
            (vec!["b".into()], "true".into())
        );
        let marker = element(&first, "Marker");
        let second = bench.ok("ListGroups", &[("PathPrefix", "/x/"), ("Marker", &marker)]);
        assert_eq!(
            (elements(&second, "GroupName"), element(&second, "IsTruncated")),
            (vec!["c".into()], "false".into())
        );
        let message = "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric \
                       characters and/or / characters.";
        bench.refused("ListGroups", &[("PathPrefix", "x")], "ValidationError", message);
    }
}
