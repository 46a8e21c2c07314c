//! TagResource: adds tags to a key, or changes their values. Any key state but PendingDeletion.
//!
//! Needs `kms:TagResource` on the key; not for AWS managed keys. Source: KMS API Reference, TagResource.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::tagging;
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use wire::generated::kms::{TagResource as Op, TagResourceInput, TagResourceOutput};

pub struct TagResource;

impl Action for TagResource {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:TagResource";
    const KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];

    fn check(input: &TagResourceInput) -> Result<(), Refusal> {
        tagging::read(&input.tags).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &TagResourceInput) -> Answer<()> {
        let asks = Asks { keys: tagging::asked(&input.tags), ..Asks::nothing() };
        access::key(cx, &input.key_id, Accepts::Key, "TagResource", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: TagResourceInput) -> Answer<TagResourceOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::TagResource)?;
        key.tags = tagging::merged(&key.tags, &tagging::read(&input.tags)?)?;
        cx.tx.put(&key)?;
        Ok(TagResourceOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    fn tag(key: &str, value: &str) -> Value {
        json!({"TagKey": key, "TagValue": value})
    }

    #[test]
    fn tags_are_added_and_changed() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"Tags": [tag("a", "1")]}));
        bench.ok("TagResource", json!({"KeyId": key.arn, "Tags": [tag("a", "2"), tag("b", "")]}));
        let tags = bench.ok("ListResourceTags", json!({"KeyId": key.id}));
        assert_eq!(tags["Tags"], json!([tag("a", "2"), tag("b", "")]));
    }

    #[test]
    fn limits_are_refused_in_the_words_of_aws() {
        let bench = Bench::new();
        let key = bench.create_key();
        let many: Vec<Value> = (0..50).map(|i| tag(&format!("k{i}"), "v")).collect();
        bench.ok("TagResource", json!({"KeyId": key.id, "Tags": many}));
        for (tags, message) in [
            (json!([tag("new", "v")]), "Too many tags"),
            (json!([tag("a", "1"), tag("a", "2")]), "Duplicate tag keys"),
            (json!([tag("aws:a", "1")]), "Tags beginning with aws: are reserved"),
        ] {
            bench.refused("TagResource", json!({"KeyId": key.id, "Tags": tags}), "TagException", message);
        }
        for tags in [json!([tag("", "v")]), json!([tag("a", &"v".repeat(257))]), json!([{"TagKey": "a"}])] {
            let (_, body) =
                bench.call_as(&bench.root(), "TagResource", json!({"KeyId": key.id, "Tags": tags}));
            assert_eq!(body["__type"], "ValidationException");
        }
    }

    #[test]
    fn the_managed_key_is_not_tagged() {
        let bench = Bench::new();
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["KeyId"].clone();
        let input = json!({"KeyId": managed, "Tags": [tag("a", "b")]});
        bench.refused_because(
            &bench.root(),
            "TagResource",
            input,
            "AccessDeniedException",
            "AWS managed key",
        );
    }
}
