//! `Limit`, `Marker`, `Truncated`, `NextMarker`: pages of the List actions. Source: KMS API Reference, the List actions.

use api::{Answer, Cx};
use base::Refusal;
use catalog::Row;

/// What a request says about pages.
pub struct Paging<'a> {
    pub action: &'static str,
    pub limit: Option<i32>,
    pub marker: Option<&'a str>,
    /// items on a page when the request does not say
    pub default: usize,
    /// most items on a page
    pub max: usize,
}

/// One page.
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_marker: Option<String>,
}

impl<T> Page<T> {
    /// `Truncated`: always there.
    pub fn truncated(&self) -> Option<bool> {
        Some(self.next_marker.is_some())
    }

    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(shape).collect(), next_marker: self.next_marker }
    }
}

impl Paging<'_> {
    /// The rows whose keys start with `prefix`, in the order of keys.
    pub fn scan<R: Row>(&self, cx: &mut Cx, prefix: &str) -> Answer<Page<R>> {
        let (size, after) = self.start(cx, prefix)?;
        let rows = cx.tx.scan::<R>(prefix, after.as_deref(), size + 1)?;
        Ok(self.cut(cx, prefix, rows, size, Row::key))
    }

    /// The rows with this index value, in the order of keys.
    pub fn scan_index<R: Row>(&self, cx: &mut Cx, index: &str, value: &str) -> Answer<Page<R>> {
        let (size, after) = self.start(cx, value)?;
        let rows = cx.tx.scan_index::<R>(index, value, after.as_deref(), size + 1)?;
        Ok(self.cut(cx, value, rows, size, Row::key))
    }

    /// A page of a list that is at hand whole, ordered by `key`.
    pub fn list<T>(&self, cx: &Cx, items: Vec<T>, key: fn(&T) -> String) -> Answer<Page<T>> {
        let (size, after) = self.start(cx, "")?;
        let rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
        Ok(self.cut(cx, "", rest.take(size + 1).collect(), size, key))
    }

    /// Items per page, and the key after which the page starts. A marker is good for the list `of` which it came only (the grants
    /// of one key, for instance).
    fn start(&self, cx: &Cx, of: &str) -> Answer<(usize, Option<String>)> {
        let size = match self.limit {
            None => self.default,
            Some(limit) => usize::try_from(limit).unwrap_or(0),
        };
        if size > self.max {
            return Err(Refusal::new(
                "ValidationException",
                format!(
                    "1 validation error detected: Value '{size}' at 'limit' failed to satisfy constraint: Member must have \
                     value less than or equal to {}",
                    self.max
                ),
            )
            .into());
        }
        let after = match self.marker {
            None => None,
            Some(marker) => Some(cx.page_cursor(&self.list_name(of), marker).ok_or_else(invalid_marker)?),
        };
        Ok((size, after))
    }

    fn list_name(&self, of: &str) -> String {
        format!("{} {of}", self.action)
    }

    fn cut<T>(
        &self,
        cx: &Cx,
        of: &str,
        mut items: Vec<T>,
        size: usize,
        key: impl Fn(&T) -> String,
    ) -> Page<T> {
        let more = items.len() > size;
        items.truncate(size);
        let next = |last: &T| cx.page_token(&self.list_name(of), &key(last));
        let next_marker = items.last().filter(|_| more).map(next);
        Page { items, next_marker }
    }
}

fn invalid_marker() -> Refusal {
    Refusal::new(
        "InvalidMarkerException",
        "The marker that specifies where pagination should next begin is not valid.",
    )
    .because("the marker was not given by this server to this account, Region and action")
}
