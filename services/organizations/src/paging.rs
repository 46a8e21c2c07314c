//! `MaxResults`, `NextToken`: pages of the List actions. Lists here are short (an organization's OUs, accounts, policies), so a
//! page is cut from the whole.

use crate::refusals;
use api::{Answer, Cx};

/// Items on a page at most, and if the request does not say.
const PAGE: usize = 20;

/// One page of `items`, which `key` orders, and the token of the next.
pub fn page<T>(
    cx: &Cx,
    action: &str,
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    token: Option<&str>,
    size: Option<i32>,
) -> Answer<(Vec<T>, Option<String>)> {
    let size = size.and_then(|n| usize::try_from(n).ok()).map_or(PAGE, |n| n.clamp(1, PAGE));
    let after = match token {
        None => None,
        Some(token) => Some(cx.page_cursor(action, token).ok_or_else(|| {
            refusals::invalid(
                "INVALID_NEXT_TOKEN",
                "You provided an invalid value for the parameter: NextToken.",
            )
        })?),
    };
    let mut items = items;
    items.sort_by_key(|item| key(item));
    items.retain(|item| after.as_ref().is_none_or(|after| key(item) > *after));
    let more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| more).map(|last| cx.page_token(action, &key(last)));
    Ok((items, next))
}
