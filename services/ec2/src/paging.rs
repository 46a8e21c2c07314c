//! Describe actions in one way: ids or filters, pages by cursor. A page holds fewer rows than asked only at the end.
//! `MaxResults` is 5 to 1000 and cannot go with ids. Source: EC2 API Reference, "Pagination"; codes recorded of AWS.

use api::{Answer, Cx};
use base::Refusal;
use catalog::Row;

const PAGE_MIN: i32 = 5;
const PAGE_MAX: usize = 1000;
/// Rows read from the catalog at a time while filters sift them.
const BATCH: usize = 500;

/// One page and the token of the next.
pub struct Page<R> {
    pub rows: Vec<R>,
    pub next_token: Option<String>,
}

/// What a Describe request says about pages.
pub struct Asked<'a> {
    pub action: &'a str,
    pub max_results: Option<i32>,
    pub next_token: Option<&'a str>,
    pub has_ids: bool,
}

impl Asked<'_> {
    /// Checks what needs no state.
    pub fn check(&self) -> Result<(), Refusal> {
        let Some(max) = self.max_results else { return Ok(()) };
        if self.has_ids {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "The parameter maxResults cannot be used with the parameter that names the resources' ids",
            ));
        }
        if max < PAGE_MIN {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "Value ( {max} ) for parameter maxResults is invalid. Expecting a value greater than {PAGE_MIN}."
                ),
            ));
        }
        Ok(())
    }

    /// Cuts a page out of a list that is not a table: `key` gives each item its place, in rising order.
    pub fn cut<T>(
        &self,
        cx: &Cx,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Answer<(Vec<T>, Option<String>)> {
        let after = self.cursor(cx)?;
        let mut rest = items.into_iter().filter(|i| after.as_ref().is_none_or(|a| key(i) > *a));
        let page: Vec<T> = rest.by_ref().take(self.wanted()).collect();
        let more = rest.next().is_some();
        let next = page.last().filter(|_| more).map(|last| cx.page_token(self.action, &key(last)));
        Ok((page, next))
    }

    /// Rows per page: larger wishes are cut, as EC2 does; without a wish everything is one page.
    fn wanted(&self) -> usize {
        self.max_results.map_or(usize::MAX, |m| usize::try_from(m).unwrap_or(0).min(PAGE_MAX))
    }

    /// Where the page starts: after this key.
    fn cursor(&self, cx: &Cx) -> Answer<Option<String>> {
        match self.next_token.filter(|t| !t.is_empty()) {
            None => Ok(None),
            Some(token) => Ok(Some(cx.page_cursor(self.action, token).ok_or_else(bad_token)?)),
        }
    }

    /// Reads the tenant's rows in key order, keeps those that `keep` wants, and cuts the page.
    pub fn page<R: Row>(&self, cx: &mut Cx, mut keep: impl FnMut(&R) -> bool) -> Answer<Page<R>> {
        self.page_by(cx, |_, row| Ok(keep(row)))
    }

    /// The same, where it takes other rows to know which are wanted.
    pub fn page_by<R: Row>(
        &self,
        cx: &mut Cx,
        mut keep: impl FnMut(&mut Cx, &R) -> Answer<bool>,
    ) -> Answer<Page<R>> {
        let wanted = self.wanted();
        let tenant = cx.tenant();
        let mut after = self.cursor(cx)?;
        let mut rows: Vec<R> = Vec::new();
        // Without filters the first batch is the page, and one row to see whether there is a next.
        let mut limit = wanted.saturating_add(1).min(BATCH);
        loop {
            let batch = cx.tx.scan::<R>(&tenant, after.as_deref(), limit)?;
            let full = batch.len() == limit;
            limit = BATCH;
            for row in batch {
                let key = row.key();
                if keep(cx, &row)? {
                    if rows.len() == wanted {
                        // One more would fit the filters: only now is it sure that there is a next page.
                        let cursor = after.unwrap_or_default();
                        return Ok(Page { rows, next_token: Some(cx.page_token(self.action, &cursor)) });
                    }
                    rows.push(row);
                }
                after = Some(key);
            }
            if !full {
                return Ok(Page { rows, next_token: None });
            }
        }
    }
}

fn bad_token() -> Refusal {
    Refusal::new("InvalidParameterValue", "The specified value for parameter nextToken is invalid.")
        .because("the token was not given by this server to this account, Region and action")
}
