//! `Marker`, `MaxItems`, `IsTruncated`: pages of the List actions, in the order of names. Source: IAM API Reference, the List
//! actions.

use crate::names;
use api::{Answer, Cx};
use base::Refusal;
use catalog::Row;

const ITEMS_DEFAULT: usize = 100;
const ITEMS_MAX: i32 = 1000;

/// What a request says about pages.
pub struct Paging<'a> {
    pub action: &'static str,
    /// Of what the list is (a user's name, a path prefix): a marker is good for the list that gave it only. May be empty.
    pub of: &'a str,
    pub max_items: Option<i32>,
    pub marker: Option<&'a str>,
}

/// One page.
pub struct Page<T> {
    pub items: Vec<T>,
    pub marker: Option<String>,
}

impl<T> Page<T> {
    /// Always there.
    pub fn is_truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }

    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(shape).collect(), marker: self.marker }
    }
}

/// The form of `MaxItems`: 1 to 1,000.
pub fn check(max_items: Option<i32>) -> Result<(), Refusal> {
    names::range("maxItems", max_items, 1, ITEMS_MAX)
}

/// Items on a page.
pub fn size(max_items: Option<i32>) -> Result<usize, Refusal> {
    check(max_items)?;
    Ok(max_items.and_then(|n| usize::try_from(n).ok()).unwrap_or(ITEMS_DEFAULT))
}

impl Paging<'_> {
    /// The account's rows for which `keep` holds.
    pub fn rows<R: Row>(&self, cx: &mut Cx, keep: impl Fn(&R) -> bool) -> Answer<Page<R>> {
        let (size, mut after) = self.start(cx)?;
        let prefix = format!("{}/", cx.account());
        let mut found = Vec::new();
        loop {
            let rows = cx.tx.scan::<R>(&prefix, after.as_deref(), size + 1)?;
            let last = rows.len() <= size;
            after = rows.last().map(Row::key);
            found.extend(rows.into_iter().filter(&keep));
            if last || found.len() > size {
                return Ok(self.cut(cx, found, size, Row::key));
            }
        }
    }

    /// A page of a list that is at hand whole and ordered by `key`.
    pub fn list<T>(&self, cx: &Cx, items: Vec<T>, key: impl Fn(&T) -> String) -> Answer<Page<T>> {
        let (size, after) = self.start(cx)?;
        let rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
        Ok(self.cut(cx, rest.take(size + 1).collect(), size, key))
    }

    /// Items per page, and the key after which the page starts.
    fn start(&self, cx: &Cx) -> Answer<(usize, Option<String>)> {
        let size = size(self.max_items)?;
        let after = match self.marker {
            None => None,
            Some(marker) => Some(cx.page_cursor(&self.list_name(), marker).ok_or_else(invalid_marker)?),
        };
        Ok((size, after))
    }

    fn list_name(&self) -> String {
        format!("{} {}", self.action, self.of)
    }

    fn cut<T>(&self, cx: &Cx, mut items: Vec<T>, size: usize, key: impl Fn(&T) -> String) -> Page<T> {
        let more = items.len() > size;
        items.truncate(size);
        let next = |last: &T| cx.page_token(&self.list_name(), &key(last));
        let marker = items.last().filter(|_| more).map(next);
        Page { items, marker }
    }
}

/// What is said of a marker that no list gave.
pub fn invalid_marker() -> Refusal {
    Refusal::new("ValidationError", "Invalid Marker.")
        .because("the marker was not given by this server to this account for this list")
}
