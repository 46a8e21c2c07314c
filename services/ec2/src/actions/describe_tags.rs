//! DescribeTags: every tag of the account in this Region, one row each, by filters, in pages. Needs `ec2:DescribeTags`.
//! Source: EC2 API Reference, DescribeTags.

use crate::rows::{Instance, Snapshot, Volume};
use crate::{filters, paging, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Refusal, Tag};
use wire::generated::ec2::{DescribeTags as Op, DescribeTagsInput, DescribeTagsOutput, TagDescription};

const FILTERS: &[&str] = &["key", "resource-id", "resource-type", "value"];

pub struct DescribeTags;

/// One tag of one resource. `key` orders the list: resource id, then tag key.
struct Tagged {
    resource: String,
    kind: &'static str,
    tag: Tag,
}

impl Action for DescribeTags {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeTags";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeTagsInput) -> Result<(), Refusal> {
        filters::read(input.filters.as_ref(), FILTERS)?;
        asked(input).check()
    }

    fn touches(cx: &mut Cx, _input: &DescribeTagsInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeTagsInput) -> Answer<DescribeTagsOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let mut all = all(cx)?;
        all.retain(|t| filters::pass(&wanted, std::slice::from_ref(&t.tag), |name| texts(t, name)));
        let (page, next_token) = asked(&input).cut(cx, all, |t| format!("{}/{}", t.resource, t.tag.key))?;
        let describe = |t: Tagged| TagDescription {
            resource_id: Some(t.resource),
            resource_type: Some(t.kind.to_owned()),
            key: Some(t.tag.key),
            value: Some(t.tag.value),
        };
        Ok(DescribeTagsOutput { tags: Some(page.into_iter().map(describe).collect()), next_token })
    }
}

fn asked(input: &DescribeTagsInput) -> paging::Asked<'_> {
    paging::Asked {
        action: "DescribeTags",
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        has_ids: false,
    }
}

/// Every tag of the tenant, ordered by resource id and key.
fn all(cx: &mut Cx) -> Answer<Vec<Tagged>> {
    let tenant = cx.tenant();
    let mut tagged = Vec::new();
    for row in cx.tx.scan::<Instance>(&tenant, None, usize::MAX)? {
        let one = |tag| Tagged { resource: row.id.clone(), kind: "instance", tag };
        tagged.extend(row.tags.iter().cloned().map(one));
    }
    for row in cx.tx.scan::<Snapshot>(&tenant, None, usize::MAX)? {
        let one = |tag| Tagged { resource: row.id.clone(), kind: "snapshot", tag };
        tagged.extend(row.tags.iter().cloned().map(one));
    }
    for row in cx.tx.scan::<Volume>(&tenant, None, usize::MAX)? {
        let one = |tag| Tagged { resource: row.id.clone(), kind: "volume", tag };
        tagged.extend(row.tags.iter().cloned().map(one));
    }
    Ok(tagged)
}

fn texts(t: &Tagged, name: &str) -> Vec<String> {
    vec![match name {
        "key" => t.tag.key.clone(),
        "value" => t.tag.value.clone(),
        "resource-id" => t.resource.clone(),
        "resource-type" => t.kind.to_owned(),
        _ => return vec![],
    }]
}

#[cfg(test)]
#[path = "describe_tags_tests.rs"]
mod tests;
