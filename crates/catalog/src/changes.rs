//! What a transaction hands to the database at its commit: what it read, to be checked, and what it writes.

use crate::CatalogError;
use crate::backend::Stored;
use crate::sql::{Session, Sql};

/// One ordered read of several rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scan {
    pub table: usize,
    pub range: Range,
    /// Only keys greater than this.
    pub after: Option<String>,
    /// At most so many rows.
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Range {
    /// Keys that start with this text.
    Prefix(String),
    /// Rows whose index column (by position in the table's list) holds this value.
    Index { index: usize, value: String },
}

/// Something that was read from the snapshot, and what came back.
#[derive(Debug)]
pub(crate) enum Read {
    /// `None`: there was no such row.
    Get { table: usize, key: String, version: Option<i64> },
    /// Keys and versions of the rows found, in order.
    Scan { scan: Scan, found: Vec<(String, i64)> },
}

impl Read {
    pub fn table(&self) -> usize {
        match self {
            Read::Get { table, .. } => *table,
            Read::Scan { scan, .. } => scan.table,
        }
    }
}

/// A row's text and the values of its index columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub body: String,
    pub indexes: Vec<Option<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Insert or replace.
    Put(Image),
    /// Insert; the key must be new.
    Append(Image),
    Delete,
}

#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub table: usize,
    pub key: String,
    pub action: Action,
}

#[derive(Debug)]
pub(crate) struct Changes {
    pub reads: Vec<Read>,
    /// At most one per row, ordered by table and key: PostgreSQL transactions that take row locks in one order do not
    /// deadlock.
    pub writes: Vec<Write>,
}

/// One row from the session, by key.
pub(crate) fn get(
    session: &mut dyn Session,
    sql: &Sql,
    table: usize,
    key: &str,
) -> Result<Option<Stored>, CatalogError> {
    Ok(session.rows(&sql.tables[table].get, &[key.into()])?.pop())
}

/// Rows from the session, in key order.
pub(crate) fn scan(session: &mut dyn Session, sql: &Sql, scan: &Scan) -> Result<Vec<Stored>, CatalogError> {
    let (text, params) = sql.tables[scan.table].scan(scan);
    session.rows(&text.rows, &params)
}

/// Repeats every read on the session; whether all answers are what they were.
pub(crate) fn still_stands(
    session: &mut dyn Session,
    sql: &Sql,
    reads: &[Read],
) -> Result<bool, CatalogError> {
    for read in reads {
        let same = match read {
            Read::Get { table, key, version } => {
                let now = session.versions(&sql.tables[*table].version, &[key.as_str().into()])?;
                now.first().map(|(_, version)| *version) == *version
            }
            Read::Scan { scan, found } => {
                let (text, params) = sql.tables[scan.table].scan(scan);
                session.versions(&text.versions, &params)? == *found
            }
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes the writes on the session. `version` marks the rows where the database does not number them itself.
pub(crate) fn apply(
    session: &mut dyn Session,
    sql: &Sql,
    writes: &[Write],
    version: i64,
) -> Result<(), CatalogError> {
    for write in writes {
        let table = &sql.tables[write.table];
        match &write.action {
            Action::Put(image) => {
                session.execute(&table.put, &table.image_params(&write.key, image, version))?;
            }
            Action::Append(image) => {
                let made = session.execute(&table.append, &table.image_params(&write.key, image, version))?;
                if made == 0 {
                    return Err(CatalogError::Duplicate { table: table.name, key: write.key.clone() });
                }
            }
            Action::Delete => {
                session.execute(&table.delete, &[write.key.as_str().into()])?;
            }
        }
    }
    Ok(())
}
