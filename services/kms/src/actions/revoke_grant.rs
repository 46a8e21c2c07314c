//! RevokeGrant: takes a grant away from its grantee. Any key state. Data keys already decrypted under it stay in use.
//!
//! Needs `kms:RevokeGrant` on the key; allowed to the account root for AWS managed keys too.
//! Source: KMS API Reference, RevokeGrant.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::grants;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::kms::{RevokeGrant as Op, RevokeGrantInput, RevokeGrantOutput};

pub struct RevokeGrant;

impl Action for RevokeGrant {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:RevokeGrant";
    const KEYS: &'static [&'static str] = &["kms:GrantIsForAWSResource"];

    fn check(input: &RevokeGrantInput) -> Result<(), Refusal> {
        grants::check_id(&input.grant_id)
    }

    fn authorise(cx: &mut Cx, input: &RevokeGrantInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "RevokeGrant", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: RevokeGrantInput) -> Answer<RevokeGrantOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        let grant = grants::find(cx, &key, &input.grant_id)?;
        grants::end(cx, &key, &grant)?;
        Ok(RevokeGrantOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_grant_is_gone_at_once_also_on_the_managed_key() {
        let bench = Bench::new();
        let key = bench.create_key();
        let (id, _) = bench.grant_to_session(&key.id);
        bench.ok("RevokeGrant", json!({"KeyId": key.id, "GrantId": id}));
        let message = format!("Grant ID {id} not found");
        bench.refused("RevokeGrant", json!({"KeyId": key.id, "GrantId": id}), "NotFoundException", &message);
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"].clone();
        let input =
            json!({"KeyId": managed, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"]});
        let id = bench.ok_as(&bench.through_ec2(), "CreateGrant", input)["GrantId"].clone();
        bench.ok("RevokeGrant", json!({"KeyId": managed, "GrantId": id}));
        assert_eq!(bench.rows().3, 0);
    }

    #[test]
    fn other_keys_other_callers_and_bad_ids_are_refused() {
        let bench = Bench::new();
        let (key, other_key) = (bench.create_key(), bench.create_key());
        let (id, _) = bench.grant_to_session(&key.id);
        for (caller, key, id, code) in [
            (bench.root(), &other_key.id, id.as_str(), "NotFoundException"),
            (bench.root(), &key.id, "x", "InvalidGrantIdException"),
            (bench.session(), &key.id, id.as_str(), "AccessDeniedException"),
            (bench.ec2(), &key.id, id.as_str(), "AccessDeniedException"),
            (bench.root_of("444455556666"), &key.arn, id.as_str(), "AccessDeniedException"),
        ] {
            let (_, body) = bench.call_as(&caller, "RevokeGrant", json!({"KeyId": key, "GrantId": id}));
            assert_eq!(body["__type"], code, "{}", caller.arn());
        }
        assert_eq!(bench.rows().3, 1);
    }
}
