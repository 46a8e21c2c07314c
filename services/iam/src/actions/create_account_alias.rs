//! CreateAccountAlias: a name for the account that no other account has. A second one replaces the first.
//!
//! Source: IAM API Reference, CreateAccountAlias; IAM User Guide, "Create an alias for an AWS account ID".

use crate::names;
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{CreateAccountAlias as Op, CreateAccountAliasInput, CreateAccountAliasOutput};

pub struct CreateAccountAlias;

impl Action for CreateAccountAlias {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateAccountAlias";

    fn check(input: &CreateAccountAliasInput) -> Result<(), Refusal> {
        check_alias(&input.account_alias)
    }

    fn handle(cx: &mut Cx, input: CreateAccountAliasInput) -> Answer<CreateAccountAliasOutput> {
        let alias = input.account_alias;
        let holders = cx.tx.scan_index::<Account>("alias", &alias, None, 1)?;
        if holders.iter().any(|holder| holder.id != *cx.account()) {
            let message = format!("The account alias {alias} already exists.");
            return Err(Refusal::new("EntityAlreadyExists", message).with_status(409).into());
        }
        let id = cx.account().clone();
        // The well-known test accounts have no row until they need one.
        let account = cx.tx.get::<Account>(id.as_str())?.unwrap_or_else(|| Account::new(id, cx.now()));
        cx.tx.put(&Account { alias: Some(alias), ..account })?;
        Ok(CreateAccountAliasOutput {})
    }
}

/// 3 to 63 small letters, digits and single hyphens inside; not 12 digits, which would be an account id.
pub(super) fn check_alias(alias: &str) -> Result<(), Refusal> {
    names::length("accountAlias", alias, 3, 63)?;
    let characters = alias.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let hyphens = alias.starts_with('-') || alias.ends_with('-') || alias.contains("--");
    let account_id = alias.len() == 12 && alias.chars().all(|c| c.is_ascii_digit());
    if characters && !hyphens && !account_id {
        return Ok(());
    }
    let pattern = "satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
    Err(names::constraint("accountAlias", alias, pattern))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, OTHER_ACCOUNT};

    #[test]
    fn an_account_has_one_alias_and_no_two_share_one() {
        let bench = Bench::new();
        assert_eq!(bench.ok("CreateAccountAlias", &[("AccountAlias", "my-co")]), "");
        let other = bench.root_of(OTHER_ACCOUNT);
        let message = "The account alias my-co already exists.";
        bench.refused_as(
            &other,
            "CreateAccountAlias",
            &[("AccountAlias", "my-co")],
            "EntityAlreadyExists",
            message,
        );
        bench.ok("CreateAccountAlias", &[("AccountAlias", "my-co")]);
        bench.ok("CreateAccountAlias", &[("AccountAlias", "new-co")]);
        assert!(bench.ok("ListAccountAliases", &[]).contains("<member>new-co</member>"));
        bench.ok_as(&other, "CreateAccountAlias", &[("AccountAlias", "my-co")]);
    }

    #[test]
    fn bad_aliases_are_refused() {
        let bench = Bench::new();
        for bad in ["ab", "My-co", "a--b", "-ab", "ab-", "a_b", "111122223333", &"a".repeat(64), ""] {
            let (status, told) = bench.call_as(&bench.root(), "CreateAccountAlias", &[("AccountAlias", bad)]);
            assert!(status == 400 && told.contains("<Code>ValidationError</Code>"), "{bad}: {told}");
        }
    }
}
