//! DeleteAccountAlias: the name is free again.
//!
//! Source: IAM API Reference, DeleteAccountAlias.

use crate::find;
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{DeleteAccountAlias as Op, DeleteAccountAliasInput, DeleteAccountAliasOutput};

pub struct DeleteAccountAlias;

impl Action for DeleteAccountAlias {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteAccountAlias";

    fn check(input: &DeleteAccountAliasInput) -> Result<(), Refusal> {
        super::create_account_alias::check_alias(&input.account_alias)
    }

    fn handle(cx: &mut Cx, input: DeleteAccountAliasInput) -> Answer<DeleteAccountAliasOutput> {
        let id = cx.account().clone();
        let account = cx.tx.get::<Account>(id.as_str())?;
        match account.filter(|account| account.alias.as_ref() == Some(&input.account_alias)) {
            Some(account) => cx.tx.put(&Account { alias: None, ..account })?,
            None => return Err(find::no_such("account alias", &input.account_alias).into()),
        }
        Ok(DeleteAccountAliasOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, OTHER_ACCOUNT};

    #[test]
    fn only_ones_own_alias_is_deleted() {
        let bench = Bench::new();
        let alias = [("AccountAlias", "my-co")];
        bench.ok("CreateAccountAlias", &alias);
        let message = "The account alias with name my-co cannot be found.";
        bench.refused_as(
            &bench.root_of(OTHER_ACCOUNT),
            "DeleteAccountAlias",
            &alias,
            "NoSuchEntity",
            message,
        );
        assert_eq!(bench.ok("DeleteAccountAlias", &alias), "");
        bench.refused("DeleteAccountAlias", &alias, "NoSuchEntity", message);
        let empty = "<AccountAliases></AccountAliases><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListAccountAliases", &[]), empty);
    }
}
