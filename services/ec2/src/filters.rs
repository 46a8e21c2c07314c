//! The filters of Describe actions: which names an action knows and which texts a row shows for each.

use base::{Refusal, Tag};
use wire::generated::ec2::Filter;

/// One filter as sent: a name and patterns.
pub struct Wanted {
    name: String,
    values: Vec<String>,
}

/// Reads the filters of a request; `known` are the action's names besides `tag:<key>` and `tag-key`.
pub fn read(filters: Option<&Vec<Filter>>, known: &[&str]) -> Result<Vec<Wanted>, Refusal> {
    let mut wanted = Vec::new();
    for filter in filters.into_iter().flatten() {
        let name = filter.name.clone().unwrap_or_default();
        let is_tag = name == "tag-key" || name.strip_prefix("tag:").is_some_and(|k| !k.is_empty());
        if !is_tag && !known.contains(&name.as_str()) {
            return Err(Refusal::new("InvalidParameterValue", format!("The filter '{name}' is invalid")));
        }
        wanted.push(Wanted { name, values: filter.values.clone().unwrap_or_default() });
    }
    Ok(wanted)
}

/// Does a row pass all filters? `texts` gives the row's texts for a known name.
pub fn pass(wanted: &[Wanted], tags: &[Tag], texts: impl Fn(&str) -> Vec<String>) -> bool {
    wanted.iter().all(|w| {
        let actual = if w.name == "tag-key" {
            tags.iter().map(|t| t.key.clone()).collect()
        } else if let Some(key) = w.name.strip_prefix("tag:") {
            tags.iter().filter(|t| t.key == key).map(|t| t.value.clone()).collect()
        } else {
            texts(&w.name)
        };
        rules::filter::any_matches(&w.values, &actual)
    })
}
