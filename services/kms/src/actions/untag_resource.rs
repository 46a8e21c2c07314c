//! UntagResource: takes tags away from a key; keys that it does not have are no error. Any key state but PendingDeletion.
//!
//! Needs `kms:UntagResource` on the key; not for AWS managed keys. Source: KMS API Reference, UntagResource.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::tagging;
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use wire::generated::kms::{UntagResource as Op, UntagResourceInput, UntagResourceOutput};

pub struct UntagResource;

impl Action for UntagResource {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:UntagResource";
    const KEYS: &'static [&'static str] = &["aws:TagKeys"];

    fn check(input: &UntagResourceInput) -> Result<(), Refusal> {
        tagging::check_keys(&input.tag_keys)
    }

    fn authorise(cx: &mut Cx, input: &UntagResourceInput) -> Answer<()> {
        let asks = Asks::nothing().with_all("aws:TagKeys", input.tag_keys.iter().cloned());
        access::key(cx, &input.key_id, Accepts::Key, "UntagResource", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: UntagResourceInput) -> Answer<UntagResourceOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::UntagResource)?;
        key.tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        cx.tx.put(&key)?;
        Ok(UntagResourceOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn named_tags_go_and_others_stay() {
        let bench = Bench::new();
        let tag = |key: &str| json!({"TagKey": key, "TagValue": "v"});
        let key = bench.create_key_with(json!({"Tags": [tag("a"), tag("b")]}));
        bench.ok("UntagResource", json!({"KeyId": key.id, "TagKeys": ["a", "A", "none"]}));
        assert_eq!(bench.ok("ListResourceTags", json!({"KeyId": key.id}))["Tags"], json!([tag("b")]));
        let input = json!({"KeyId": key.id, "TagKeys": ["aws:x"]});
        bench.refused("UntagResource", input, "TagException", "Tags beginning with aws: are reserved");
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
        let message = format!("{} is pending deletion.", key.arn);
        let input = json!({"KeyId": key.id, "TagKeys": ["b"]});
        bench.refused("UntagResource", input, "KMSInvalidStateException", &message);
    }
}
