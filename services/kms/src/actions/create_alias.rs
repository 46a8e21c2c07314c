//! CreateAlias: another name for a customer managed key of the same account and Region. Any key state but PendingDeletion.
//!
//! Needs `kms:CreateAlias` on the key (and, in AWS, on the alias). Source: KMS API Reference, CreateAlias.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rows::Alias;
use api::{Action, Answer, Cx};
use base::Refusal;
use catalog::Row;
use rules::key_state::KeyOperation;
use wire::generated::kms::{CreateAlias as Op, CreateAliasInput, CreateAliasOutput};

/// KMS Developer Guide, "Resource quotas".
const ALIASES_PER_KEY_MAX: usize = 50;

pub struct CreateAlias;

impl Action for CreateAlias {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:CreateAlias";

    fn check(input: &CreateAliasInput) -> Result<(), Refusal> {
        check_name(&input.alias_name)
    }

    fn authorise(cx: &mut Cx, input: &CreateAliasInput) -> Answer<()> {
        access::to_alias(cx, &input.alias_name, Self::IAM)?;
        access::key(cx, &input.target_key_id, Accepts::Key, "CreateAlias", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: CreateAliasInput) -> Answer<CreateAliasOutput> {
        let key = find::key(cx, &input.target_key_id, Accepts::Key)?;
        key.check(KeyOperation::CreateAlias)?;
        if let Some(existing) = find::alias(cx, &input.alias_name)? {
            let message = format!("An alias with the name {} already exists", existing.arn());
            return Err(Refusal::new("AlreadyExistsException", message).into());
        }
        let others = cx.tx.scan_index::<Alias>("target", &key.key(), None, ALIASES_PER_KEY_MAX)?;
        if others.len() >= ALIASES_PER_KEY_MAX {
            let message = format!("{} already has {ALIASES_PER_KEY_MAX} aliases.", key.arn());
            return Err(Refusal::new("LimitExceededException", message).into());
        }
        cx.tx.put(&Alias {
            account: cx.account().clone(),
            region: cx.region().clone(),
            name: input.alias_name,
            key_id: key.key_id,
            created: cx.now(),
            updated: cx.now(),
        })?;
        Ok(CreateAliasOutput {})
    }
}

/// Refuses names without the prefix, AWS's own, and characters that no alias has.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    if !name.starts_with("alias/") {
        return Err(Refusal::new(
            "ValidationException",
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    }
    if name.starts_with("alias/aws/") {
        return Err(
            Refusal::new("NotAuthorizedException", "").because("aliases under alias/aws/ are AWS's own")
        );
    }
    if !find::is_alias(name) {
        return Err(Refusal::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value '{name}' at 'aliasName' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn an_alias_names_its_key_in_cryptography() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/a/b-C_1", "TargetKeyId": key.arn}));
        let answer = bench.ok("Encrypt", json!({"KeyId": "alias/a/b-C_1", "Plaintext": "eA=="}));
        assert_eq!(answer["KeyId"], json!(key.arn));
        assert_eq!(bench.last_record("CreateAlias").body["resources"][0]["ARN"], json!(key.arn));
    }

    #[test]
    fn names_that_no_alias_may_have_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        let prefix = "Alias must start with the prefix \"alias/\". Please see \
                      https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        let create = |name: &str| json!({"AliasName": name, "TargetKeyId": key.id});
        bench.refused("CreateAlias", create("mine"), "ValidationException", prefix);
        for name in ["alias/aws/ebs", "alias/aws/mine"] {
            bench.refused("CreateAlias", create(name), "NotAuthorizedException", "");
        }
        for name in ["alias/", "alias/a b", "alias/a:b", "alias/é", ""] {
            let (_, body) = bench.call_as(&bench.root(), "CreateAlias", create(name));
            assert_eq!(body["__type"], "ValidationException", "{name}");
        }
    }

    #[test]
    fn a_name_is_taken_once_per_account_and_a_key_has_50() {
        let bench = Bench::new();
        let key = bench.create_key();
        let create = |name: &str| json!({"AliasName": name, "TargetKeyId": key.id});
        bench.ok("CreateAlias", create("alias/mine"));
        let message =
            "An alias with the name arn:aws:kms:us-east-1:111122223333:alias/mine already exists".to_owned();
        bench.refused("CreateAlias", create("alias/mine"), "AlreadyExistsException", &message);
        for i in 1..50 {
            bench.ok("CreateAlias", create(&format!("alias/{i}")));
        }
        let (_, body) = bench.call_as(&bench.root(), "CreateAlias", create("alias/51"));
        assert_eq!(body["__type"], "LimitExceededException");
    }

    #[test]
    fn the_target_is_a_customer_key_of_the_account_named_by_id_or_arn() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/a", "TargetKeyId": key.id}));
        let input = json!({"AliasName": "alias/b", "TargetKeyId": "alias/a"});
        bench.refused("CreateAlias", input, "NotFoundException", "Invalid keyId 'alias/a'");
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["KeyId"].clone();
        let (_, body) = bench.call_as(
            &bench.root(),
            "CreateAlias",
            json!({"AliasName": "alias/b", "TargetKeyId": managed}),
        );
        assert_eq!(body["__type"], "AccessDeniedException");
        let other = bench.root_of("444455556666");
        let (_, body) =
            bench.call_as(&other, "CreateAlias", json!({"AliasName": "alias/b", "TargetKeyId": key.arn}));
        assert_eq!(body["__type"], "AccessDeniedException");
    }
}
