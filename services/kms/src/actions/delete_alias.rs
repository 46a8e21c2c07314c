//! DeleteAlias: takes a name away; the key stays. Any key state.
//!
//! Needs `kms:DeleteAlias` on the key (and, in AWS, on the alias). Source: KMS API Reference, DeleteAlias.

use super::create_alias::check_name;
use crate::access::{self, Asks};
use crate::{find, rows::Alias};
use api::{Action, Answer, Cx};
use base::Refusal;
use catalog::Row;
use wire::generated::kms::{DeleteAlias as Op, DeleteAliasInput, DeleteAliasOutput};

pub struct DeleteAlias;

impl Action for DeleteAlias {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:DeleteAlias";

    fn check(input: &DeleteAliasInput) -> Result<(), Refusal> {
        check_name(&input.alias_name)
    }

    fn authorise(cx: &mut Cx, input: &DeleteAliasInput) -> Answer<()> {
        access::to_alias(cx, &input.alias_name, Self::IAM)?;
        let alias = find::alias(cx, &input.alias_name)?;
        let alias = alias.ok_or_else(|| find::no_alias(cx, &input.alias_name))?;
        match find::existing(cx, &alias.key_id)? {
            Some(key) => access::to_key(cx, &key, "DeleteAlias", &Asks::nothing()).map(|_| ()),
            // An alias that outlived its key by some moments.
            None => Ok(()),
        }
    }

    fn handle(cx: &mut Cx, input: DeleteAliasInput) -> Answer<DeleteAliasOutput> {
        let alias = find::alias(cx, &input.alias_name)?;
        let alias = alias.ok_or_else(|| find::no_alias(cx, &input.alias_name))?;
        cx.tx.delete::<Alias>(&alias.key())?;
        Ok(DeleteAliasOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_name_goes_and_the_key_stays() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        bench.ok("DeleteAlias", json!({"AliasName": "alias/mine"}));
        let message = "Alias arn:aws:kms:us-east-1:111122223333:alias/mine is not found.";
        bench.refused("DeleteAlias", json!({"AliasName": "alias/mine"}), "NotFoundException", message);
        bench.refused("DescribeKey", json!({"KeyId": "alias/mine"}), "NotFoundException", message);
        bench.ok("DescribeKey", json!({"KeyId": key.id}));
    }

    #[test]
    fn aws_s_names_and_other_accounts_names_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}));
        bench.refused("DeleteAlias", json!({"AliasName": "alias/aws/ebs"}), "NotAuthorizedException", "");
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        let other = bench.root_of("444455556666");
        let (_, body) = bench.call_as(&other, "DeleteAlias", json!({"AliasName": "alias/mine"}));
        assert_eq!(body["__type"], "NotFoundException");
        bench.ok("DescribeKey", json!({"KeyId": "alias/mine"}));
    }
}
