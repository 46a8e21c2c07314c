//! ListAccountAliases: the account's alias, if it has one.
//!
//! Source: IAM API Reference, ListAccountAliases.

use crate::paging::{self, Paging};
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{ListAccountAliases as Op, ListAccountAliasesInput, ListAccountAliasesOutput};

pub struct ListAccountAliases;

impl Action for ListAccountAliases {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListAccountAliases";

    fn check(input: &ListAccountAliasesInput) -> Result<(), Refusal> {
        paging::check(input.max_items)
    }

    fn handle(cx: &mut Cx, input: ListAccountAliasesInput) -> Answer<ListAccountAliasesOutput> {
        let id = cx.account().clone();
        let aliases = cx.tx.get::<Account>(id.as_str())?.and_then(|account| account.alias);
        let paging = Paging {
            action: "ListAccountAliases",
            of: "",
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, aliases.into_iter().collect(), String::clone)?;
        Ok(ListAccountAliasesOutput {
            is_truncated: page.is_truncated(),
            account_aliases: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn the_alias_is_listed() {
        let bench = Bench::new();
        bench.ok("CreateAccountAlias", &[("AccountAlias", "my-co")]);
        assert_eq!(
            bench.ok("ListAccountAliases", &[]),
            "<AccountAliases><member>my-co</member></AccountAliases><IsTruncated>false</IsTruncated>"
        );
        bench.refused("ListAccountAliases", &[("Marker", "x")], "ValidationError", "Invalid Marker.");
    }
}
