//! ListResourceTags: a key's tags by tag key; 50 to a page and at most. Any key state.
//!
//! Needs `kms:ListResourceTags` on the key. Source: KMS API Reference, ListResourceTags.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::paging::Paging;
use crate::tagging;
use api::{Action, Answer, Cx};
use wire::generated::kms::{ListResourceTags as Op, ListResourceTagsInput, ListResourceTagsOutput};

pub struct ListResourceTags;

impl Action for ListResourceTags {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListResourceTags";

    fn authorise(cx: &mut Cx, input: &ListResourceTagsInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "ListResourceTags", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: ListResourceTagsInput) -> Answer<ListResourceTagsOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        let paging = Paging {
            action: "ListResourceTags",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 50,
            max: 50,
        };
        let page = paging.list(cx, key.tags, |tag| tag.key.clone())?.map(tagging::shape);
        Ok(ListResourceTagsOutput {
            truncated: page.truncated(),
            tags: Some(page.items),
            next_marker: page.next_marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn tags_come_in_pages() {
        let bench = Bench::new();
        let tag = |key: &str| json!({"TagKey": key, "TagValue": "v"});
        let key = bench.create_key_with(json!({"Tags": [tag("c"), tag("a"), tag("b")]}));
        let first = bench.ok("ListResourceTags", json!({"KeyId": key.id, "Limit": 2}));
        assert_eq!((&first["Tags"], &first["Truncated"]), (&json!([tag("a"), tag("b")]), &json!(true)));
        let input = json!({"KeyId": key.id, "Marker": first["NextMarker"]});
        let second = bench.ok("ListResourceTags", input);
        assert_eq!((&second["Tags"], &second["Truncated"]), (&json!([tag("c")]), &json!(false)));
        let (_, body) =
            bench.call_as(&bench.root(), "ListResourceTags", json!({"KeyId": key.id, "Limit": 51}));
        assert_eq!(body["__type"], "ValidationException");
    }
}
