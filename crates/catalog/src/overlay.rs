//! The writes that a transaction has made and not yet committed, as its own reads see them.
//!
//! A log of operations in the order they were made, and for each row the position of its latest one. Rolling back
//! cuts the log (keeping what must survive) and rebuilds the positions; transactions write few rows, so this is cheap.

use crate::changes::{Action, Image, Range, Scan, Write};
use std::collections::BTreeMap;
use std::ops::Bound;

struct Logged {
    write: Write,
    /// Survives rollbacks.
    kept: bool,
}

#[derive(Default)]
pub(crate) struct Overlay {
    log: Vec<Logged>,
    /// (table, key) to the row's latest entry in `log`.
    latest: BTreeMap<(usize, String), usize>,
}

impl Overlay {
    /// What this transaction made of the row: `None` nothing, `Some(None)` deleted it.
    pub fn get(&self, table: usize, key: &str) -> Option<Option<&Image>> {
        let at = self.latest.get(&(table, key.to_owned()))?;
        Some(self.image(*at))
    }

    fn image(&self, at: usize) -> Option<&Image> {
        match &self.log[at].write.action {
            Action::Put(image) | Action::Append(image) => Some(image),
            Action::Delete => None,
        }
    }

    pub fn push(&mut self, mut write: Write, kept: bool) {
        let row = (write.table, write.key.clone());
        if let Some(&before) = self.latest.get(&row) {
            // A row appended here and then changed is still new to the database; a row deleted here and appended
            // again is not.
            write.action = match (&self.log[before].write.action, write.action) {
                (Action::Append(_), Action::Put(image)) => Action::Append(image),
                (_, Action::Append(image)) => Action::Put(image),
                (_, action) => action,
            };
        }
        self.latest.insert(row, self.log.len());
        self.log.push(Logged { write, kept });
    }

    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// Forgets everything since `mark` except what is kept.
    pub fn rollback_to(&mut self, mark: usize) {
        let undone = self.log.split_off(mark.min(self.log.len()));
        self.log.extend(undone.into_iter().filter(|logged| logged.kept));
        self.latest =
            self.log.iter().enumerate().map(|(at, l)| ((l.write.table, l.write.key.clone()), at)).collect();
    }

    /// Rows of the scan's table, past its `after`, that this transaction touched, in key order. For a prefix scan
    /// only those with the prefix; for an index scan all of them, since a row may have left or joined the index.
    pub fn touched<'a>(&'a self, scan: &'a Scan) -> impl Iterator<Item = (&'a str, Option<&'a Image>)> {
        let prefix = match &scan.range {
            Range::Prefix(prefix) => prefix.as_str(),
            Range::Index { .. } => "",
        };
        let from = match &scan.after {
            Some(after) if after.as_str() >= prefix => Bound::Excluded((scan.table, after.clone())),
            _ => Bound::Included((scan.table, prefix.to_owned())),
        };
        self.latest
            .range((from, Bound::Unbounded))
            .take_while(move |((table, key), _)| *table == scan.table && key.starts_with(prefix))
            .map(|((_, key), at)| (key.as_str(), self.image(*at)))
    }

    /// The latest write of each row, ordered by table and key.
    pub fn into_writes(self) -> Vec<Write> {
        let mut log: Vec<Option<Logged>> = self.log.into_iter().map(Some).collect();
        self.latest.into_values().filter_map(|at| log[at].take().map(|logged| logged.write)).collect()
    }
}
