//! One transaction: reads from a snapshot with its own writes laid over it, and commits optimistically.

use crate::backend::{Snapshot, Use};
use crate::catalog::Catalog;
use crate::changes::{Action, Changes, Image, Range, Read, Scan, Write};
use crate::overlay::Overlay;
use crate::row::MAX_KEY_BYTES;
use crate::{CatalogError, Row};
use std::collections::BTreeMap;
use std::sync::mpsc::channel;

/// A transaction. Dropping it without [`Tx::commit`] undoes it. The snapshot is taken at the first read, so a
/// transaction that only writes never takes one.
pub struct Tx {
    catalog: Catalog,
    snapshot: Option<Box<dyn Snapshot>>,
    use_of: Use,
    /// Versions found by key; a row read twice is checked once.
    gets: BTreeMap<(usize, String), Option<i64>>,
    scans: Vec<(Scan, Vec<(String, i64)>)>,
    overlay: Overlay,
    hooks: Vec<Hook>,
    /// A read failed in a way that running the transaction again may heal.
    transient: bool,
}

type Hook = Box<dyn FnOnce() + Send>;

/// A moment in a transaction's writes; see [`Tx::rollback_to`]. Belongs to the transaction it was taken from.
#[derive(Clone, Copy, Debug)]
pub struct Savepoint {
    log: usize,
    hooks: usize,
}

impl Tx {
    pub(crate) fn new(catalog: Catalog, use_of: Use) -> Self {
        Tx {
            catalog,
            snapshot: None,
            use_of,
            gets: BTreeMap::new(),
            scans: vec![],
            overlay: Overlay::default(),
            hooks: vec![],
            transient: false,
        }
    }

    /// The row with this key. A key that no row can have (empty, too long, with NUL) finds nothing.
    pub fn get<R: Row>(&mut self, key: &str) -> Result<Option<R>, CatalogError> {
        let table = self.catalog.sql().position(R::TABLE.name)?;
        if !can_be_key(key) {
            return Ok(None);
        }
        if let Some(written) = self.overlay.get(table, key) {
            return written.map(|image| decode(key, &image.body)).transpose();
        }
        let found = self.read(|snapshot| snapshot.get(table, key))?;
        self.gets.insert((table, key.to_owned()), found.as_ref().map(|stored| stored.version));
        found.map(|stored| decode(key, &stored.body)).transpose()
    }

    /// Rows whose keys start with `prefix` and come after `after`, in key order (by bytes), at most `limit`.
    pub fn scan<R: Row>(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<R>, CatalogError> {
        let table = self.catalog.sql().position(R::TABLE.name)?;
        if !(prefix.is_empty() || can_be_key(prefix)) {
            return Ok(vec![]);
        }
        let range = Range::Prefix(prefix.to_owned());
        self.scan_merged(Scan { table, range, after: after.map(before_nul), limit })
    }

    /// Rows whose index column `index` holds exactly `value`, in key order, after the key `after`, at most `limit`.
    ///
    /// The first such scan after an index was added to a table that has rows fills the index and answers
    /// [`CatalogError::Conflict`], since this transaction's snapshot is older than that; `transact` comes back.
    pub fn scan_index<R: Row>(
        &mut self,
        index: &str,
        value: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<R>, CatalogError> {
        let table = self.catalog.sql().position(R::TABLE.name)?;
        let columns = self.catalog.sql().tables[table].indexes;
        let Some(index) = columns.iter().position(|column| *column == index) else {
            return Err(CatalogError::UnknownIndex { table: R::TABLE.name, index: index.to_owned() });
        };
        if self.catalog.build_index::<R>(table, index)? {
            self.transient = true;
            return Err(CatalogError::Conflict);
        }
        if !can_be_value(value) {
            return Ok(vec![]);
        }
        let range = Range::Index { index, value: value.to_owned() };
        self.scan_merged(Scan { table, range, after: after.map(before_nul), limit })
    }

    /// What the database has, less what this transaction changed, plus what it wrote, in key order.
    fn scan_merged<R: Row>(&mut self, scan: Scan) -> Result<Vec<R>, CatalogError> {
        if scan.limit == 0 {
            return Ok(vec![]);
        }
        // Each row touched here can hide one row of the database, so that many more are asked for: what is left is
        // then still enough for `limit`, or the database has no more.
        let wider =
            Scan { limit: scan.limit.saturating_add(self.overlay.touched(&scan).count()), ..scan.clone() };
        let found = self.read(|snapshot| snapshot.scan(&wider))?;
        let versions = found.iter().map(|stored| (stored.key.clone(), stored.version)).collect();
        let mut merged: BTreeMap<&str, &str> =
            found.iter().map(|stored| (stored.key.as_str(), &*stored.body)).collect();
        for (key, image) in self.overlay.touched(&scan) {
            match image.filter(|image| matches(&scan.range, image)) {
                Some(image) => merged.insert(key, &image.body),
                None => merged.remove(key),
            };
        }
        // If the database had more than was asked for, what this transaction wrote past its last answer must wait
        // for the next page, or rows between would be skipped; the count above makes sure that `limit` is reached
        // before that.
        let rows = merged.iter().take(scan.limit).map(|(key, body)| decode(key, body)).collect();
        self.scans.push((wider, versions));
        rows
    }

    fn read<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn Snapshot) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let answer = match &mut self.snapshot {
            Some(snapshot) => ask(snapshot.as_mut()),
            none => self.catalog.snapshot(self.use_of).and_then(|new| ask(none.insert(new).as_mut())),
        };
        self.transient |= answer.as_ref().is_err_and(CatalogError::is_transient);
        answer
    }

    /// Inserts the row, or replaces the one with its key. If the row was not read before, the last writer wins.
    pub fn put<R: Row>(&mut self, row: &R) -> Result<(), CatalogError> {
        self.write(row, Action::Put, false)
    }

    /// Inserts a row whose key is unique by construction (it holds a fresh id). A transaction whose only writes are
    /// appends never conflicts: what it read was true together at its snapshot, and nobody can have changed a row
    /// that is new. If the key exists after all, the commit fails with [`CatalogError::Duplicate`].
    pub fn append<R: Row>(&mut self, row: &R) -> Result<(), CatalogError> {
        self.write(row, Action::Append, false)
    }

    /// Like [`Tx::append`], but stays when [`Tx::rollback_to`] undoes what surrounds it: for trail records and events
    /// of calls that were refused.
    pub fn append_kept<R: Row>(&mut self, row: &R) -> Result<(), CatalogError> {
        self.write(row, Action::Append, true)
    }

    fn write<R: Row>(
        &mut self,
        row: &R,
        action: fn(Image) -> Action,
        kept: bool,
    ) -> Result<(), CatalogError> {
        let name = R::TABLE.name;
        let table = self.catalog.sql().position(name)?;
        let (key, indexes) = (row.key(), row.indexes());
        let declared = self.catalog.sql().tables[table].indexes.len();
        let bad = |why: String| Err(CatalogError::BadRow { table: name, why });
        if !can_be_key(&key) {
            return bad(format!("{} bytes of key, which is empty, too long or has a NUL", key.len()));
        }
        if indexes.len() != declared {
            return bad(format!("{declared} indexes declared, {} values given", indexes.len()));
        }
        if !indexes.iter().flatten().all(|value| can_be_value(value)) {
            return bad(format!("an index value of row {key:?} is too long or has a NUL"));
        }
        let body = match serde_json::to_string(row) {
            Ok(body) => body,
            Err(error) => return bad(format!("row {key:?} does not write as JSON: {error}")),
        };
        let action = action(Image { body, indexes });
        if matches!(action, Action::Append(_)) && matches!(self.overlay.get(table, &key), Some(Some(_))) {
            return Err(CatalogError::Duplicate { table: name, key });
        }
        self.overlay.push(Write { table, key, action }, kept);
        Ok(())
    }

    /// Deletes the row with this key; nothing happens if there is none.
    pub fn delete<R: Row>(&mut self, key: &str) -> Result<(), CatalogError> {
        let table = self.catalog.sql().position(R::TABLE.name)?;
        if can_be_key(key) {
            self.overlay.push(Write { table, key: key.to_owned(), action: Action::Delete }, false);
        }
        Ok(())
    }

    /// This moment, to come back to.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint { log: self.overlay.mark(), hooks: self.hooks.len() }
    }

    /// Undoes writes and drops `on_commit` work since the savepoint, except rows appended with [`Tx::append_kept`].
    /// What was read since stays part of the transaction, since it led here.
    pub fn rollback_to(&mut self, savepoint: Savepoint) {
        self.overlay.rollback_to(savepoint.log);
        self.hooks.truncate(savepoint.hooks);
    }

    /// Runs `f` once the commit is durable; never if it fails. Short work that waits for nothing: after [`Tx::submit`] it may run
    /// on a thread of the database's.
    pub fn on_commit(&mut self, f: impl FnOnce() + Send + 'static) {
        self.hooks.push(Box::new(f));
    }

    /// Makes the writes durable, if what was read still stands. A transaction without writes always succeeds: its
    /// snapshot was consistent.
    pub fn commit(self) -> Result<(), CatalogError> {
        let (catalog, changes, hooks) = self.end();
        if let Some(changes) = changes {
            let (tell, told) = channel();
            // Nobody hears it only if this thread is gone.
            catalog.commit(changes, Box::new(move |answer| _ = tell.send(answer)));
            // Whoever dropped the request without an answer died over it: nobody knows how far it came.
            told.recv().unwrap_or_else(|e| Err(CatalogError::OutcomeUnknown { source: e.into() }))?;
        }
        hooks.into_iter().for_each(|hook| hook());
        Ok(())
    }

    /// As [`Tx::commit`], but does not wait: `done` hears how it ended, after the `on_commit` work, perhaps on a thread of the
    /// database's, which must not be held up.
    pub fn submit(self, done: impl FnOnce(Result<(), CatalogError>) + Send + 'static) {
        let (catalog, changes, hooks) = self.end();
        let ended = move |answer: Result<(), CatalogError>| {
            if answer.is_ok() {
                hooks.into_iter().for_each(|hook| hook());
            }
            done(answer);
        };
        match changes {
            Some(changes) => catalog.commit(changes, Box::new(ended)),
            None => ended(Ok(())),
        }
    }

    /// What is to be written, if anything is, and what is to be done then.
    fn end(self) -> (Catalog, Option<Changes>, Vec<Hook>) {
        let Tx { catalog, snapshot, gets, scans, overlay, hooks, .. } = self;
        // Ends the read transaction first: it would hold back the log's checkpoint, and on PostgreSQL its connection
        // serves the commit.
        drop(snapshot);
        let writes = overlay.into_writes();
        if writes.is_empty() {
            return (catalog, None, hooks);
        }
        let mut reads = vec![];
        if writes.iter().any(|write| !matches!(write.action, Action::Append(_))) {
            let gets = gets.into_iter();
            reads.extend(gets.map(|((table, key), version)| Read::Get { table, key, version }));
            reads.extend(scans.into_iter().map(|(scan, found)| Read::Scan { scan, found }));
        }
        (catalog, Some(Changes { reads, writes }), hooks)
    }

    pub(crate) fn is_transient(&self) -> bool {
        self.transient
    }
}

fn matches(range: &Range, image: &Image) -> bool {
    match range {
        Range::Prefix(_) => true,
        Range::Index { index, value } => image.indexes.get(*index).and_then(Option::as_ref) == Some(value),
    }
}

fn can_be_value(text: &str) -> bool {
    text.len() <= MAX_KEY_BYTES && !text.contains('\0')
}

fn can_be_key(text: &str) -> bool {
    !text.is_empty() && can_be_value(text)
}

/// PostgreSQL takes no NUL, and no key has one, so the keys greater than `after` are those greater than its part
/// before the first NUL.
fn before_nul(after: &str) -> String {
    after.split('\0').next().unwrap_or_default().to_owned()
}

fn decode<R: Row>(key: &str, body: &str) -> Result<R, CatalogError> {
    serde_json::from_str(body).map_err(|error| CatalogError::Corrupt {
        table: R::TABLE.name,
        key: key.to_owned(),
        source: error.into(),
    })
}
