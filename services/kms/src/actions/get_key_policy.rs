//! GetKeyPolicy: the key policy as it was given; a user or role that is gone shows as its unique id. Any state.
//!
//! Needs `kms:GetKeyPolicy` on the key. The only policy name is `default`. Source: KMS API Reference, GetKeyPolicy.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::policy;
use api::{Action, Answer, Cx};
use wire::generated::kms::{GetKeyPolicy as Op, GetKeyPolicyInput, GetKeyPolicyOutput};

pub struct GetKeyPolicy;

impl Action for GetKeyPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GetKeyPolicy";

    fn authorise(cx: &mut Cx, input: &GetKeyPolicyInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "GetKeyPolicy", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: GetKeyPolicyInput) -> Answer<GetKeyPolicyOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        if input.policy_name.is_some_and(|name| name != policy::NAME) {
            return Err(find::not_found("No such policy exists".to_owned()).into());
        }
        Ok(GetKeyPolicyOutput {
            policy: Some(policy::shown(cx, &key)?),
            policy_name: Some(policy::NAME.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    fn policy(answer: &Value) -> Value {
        serde_json::from_str(answer["Policy"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn default_given_and_managed_policies_are_shown() {
        let bench = Bench::new();
        let key = bench.create_key();
        let default = bench.ok("GetKeyPolicy", json!({"KeyId": key.id, "PolicyName": "default"}));
        assert_eq!(default["PolicyName"], "default");
        assert_eq!(policy(&default)["Id"], "key-default-1");
        let text = policy(&default).to_string().replace("key-default-1", "mine");
        let own = bench.create_key_with(json!({"Policy": text}));
        assert_eq!(bench.ok("GetKeyPolicy", json!({"KeyId": own.arn}))["Policy"], json!(text));
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["KeyId"].clone();
        assert_eq!(policy(&bench.ok("GetKeyPolicy", json!({"KeyId": managed})))["Id"], "auto-ebs-2");
    }

    #[test]
    fn other_names_and_aliases_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        let input = json!({"KeyId": key.id, "PolicyName": "other"});
        bench.refused("GetKeyPolicy", input, "NotFoundException", "No such policy exists");
        let input = json!({"KeyId": "alias/aws/ebs"});
        bench.refused("GetKeyPolicy", input, "NotFoundException", "Invalid keyId 'alias/aws/ebs'");
    }
}
