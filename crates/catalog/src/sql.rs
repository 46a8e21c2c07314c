//! The table of statements, per back end, and the little that the common code needs from a database session.
//!
//! ```text
//!  "<table>"   key      text, primary key, ordered by bytes
//!              version  64-bit, new at every change of the row
//!              body     text, the row as JSON
//!              ix_<i>   text or null, one per declared index, with an SQL index on (ix_<i>, key)
//! ```
//! The key stands in each SQL index so that an index scan comes out in key order without sorting; rows whose index
//! value is null are not in it. On PostgreSQL every text column is `COLLATE "C"`: byte order, as SQLite's BINARY.

use crate::backend::Stored;
use crate::changes::{Image, Range, Scan};
use crate::row::Table;
use crate::{CatalogError, schema};
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    Text(String),
    NullableText(Option<String>),
    Int(i64),
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Param::Text(text.to_owned())
    }
}

/// An open transaction of a database, or a connection outside one.
pub(crate) trait Session {
    /// Runs a statement that answers (key, version, body).
    fn rows(&mut self, sql: &str, params: &[Param]) -> Result<Vec<Stored>, CatalogError>;
    /// Runs a statement that answers (text, integer).
    fn versions(&mut self, sql: &str, params: &[Param]) -> Result<Vec<(String, i64)>, CatalogError>;
    /// Runs a statement; returns how many rows it changed.
    fn execute(&mut self, sql: &str, params: &[Param]) -> Result<u64, CatalogError>;
}

/// A scan's text, once answering whole rows and once only keys and versions.
pub(crate) struct ScanSql {
    pub rows: String,
    pub versions: String,
}

/// The statements of one table.
pub(crate) struct TableSql {
    pub name: &'static str,
    pub indexes: &'static [&'static str],
    pub get: String,
    pub version: String,
    pub put: String,
    pub append: String,
    pub delete: String,
    binds_version: bool,
    /// `[lower bound excluded?][upper bound?]`
    by_prefix: [[ScanSql; 2]; 2],
    /// Per index: `[after?]`
    by_index: Vec<[ScanSql; 2]>,
}

/// The statements of all tables, found by position or name.
pub(crate) struct Sql {
    pub dialect: Dialect,
    pub tables: Vec<TableSql>,
    positions: HashMap<&'static str, usize>,
}

impl Sql {
    pub fn new(dialect: Dialect, tables: &[Table]) -> Result<Self, CatalogError> {
        let mut sql = Sql { dialect, tables: Vec::with_capacity(tables.len()), positions: HashMap::new() };
        for table in tables {
            for name in std::iter::once(&table.name).chain(table.indexes) {
                schema::check_name(name)?;
            }
            let index_twice =
                (1..table.indexes.len()).any(|i| table.indexes[..i].contains(&table.indexes[i]));
            if sql.positions.insert(table.name, sql.tables.len()).is_some() || index_twice {
                let why = "it, or an index of it, is declared twice".to_owned();
                return Err(CatalogError::BadRow { table: table.name, why });
            }
            sql.tables.push(TableSql::new(dialect, table));
        }
        Ok(sql)
    }

    pub fn position(&self, table: &'static str) -> Result<usize, CatalogError> {
        self.positions.get(table).copied().ok_or(CatalogError::UnknownTable(table))
    }
}

impl TableSql {
    fn new(dialect: Dialect, table: &Table) -> Self {
        let name = table.name;
        // Text is written with PostgreSQL's `$1`; SQLite's numbered form is `?1`.
        let own = |text: String| match dialect {
            Dialect::Postgres => text,
            Dialect::Sqlite => text.replace('$', "?"),
        };
        let columns: String = table.indexes.iter().map(|i| format!(", ix_{i}")).collect();
        let values: String = (0..table.indexes.len()).map(|n| format!(", ${}", n + 3)).collect();
        let updates: String = table.indexes.iter().map(|i| format!(", ix_{i} = excluded.ix_{i}")).collect();
        let version = match dialect {
            Dialect::Postgres => "nextval('schema_version')".to_owned(),
            Dialect::Sqlite => format!("${}", table.indexes.len() + 3),
        };
        let insert = format!(
            r#"INSERT INTO "{name}" (key, body{columns}, version) VALUES ($1, $2{values}, {version}) ON CONFLICT (key) DO"#
        );
        let scan = |condition: &str, limit: usize| ScanSql {
            rows: own(format!(
                r#"SELECT key, version, body FROM "{name}" WHERE {condition} ORDER BY key LIMIT ${limit}"#
            )),
            versions: own(format!(
                r#"SELECT key, version FROM "{name}" WHERE {condition} ORDER BY key LIMIT ${limit}"#
            )),
        };
        TableSql {
            name,
            indexes: table.indexes,
            get: own(format!(r#"SELECT key, version, body FROM "{name}" WHERE key = $1"#)),
            version: own(format!(r#"SELECT key, version FROM "{name}" WHERE key = $1"#)),
            put: own(format!(
                "{insert} UPDATE SET body = excluded.body, version = excluded.version{updates}"
            )),
            append: own(format!("{insert} NOTHING")),
            delete: own(format!(r#"DELETE FROM "{name}" WHERE key = $1"#)),
            binds_version: dialect == Dialect::Sqlite,
            by_prefix: [">=", ">"].map(|from| {
                [scan(&format!("key {from} $1"), 2), scan(&format!("key {from} $1 AND key < $2"), 3)]
            }),
            by_index: table
                .indexes
                .iter()
                .map(|i| [scan(&format!("ix_{i} = $1"), 2), scan(&format!("ix_{i} = $1 AND key > $2"), 3)])
                .collect(),
        }
    }

    /// The statement for a scan, and what to bind to it.
    pub fn scan(&self, scan: &Scan) -> (&ScanSql, Vec<Param>) {
        let limit = Param::Int(i64::try_from(scan.limit).unwrap_or(i64::MAX));
        match &scan.range {
            Range::Prefix(prefix) => {
                let (excluded, lower) = match &scan.after {
                    Some(after) if after >= prefix => (true, after),
                    _ => (false, prefix),
                };
                let upper = successor(prefix);
                let text = &self.by_prefix[usize::from(excluded)][usize::from(upper.is_some())];
                let mut params = vec![Param::Text(lower.clone())];
                params.extend(upper.map(Param::Text));
                params.push(limit);
                (text, params)
            }
            Range::Index { index, value } => {
                let text = &self.by_index[*index][usize::from(scan.after.is_some())];
                let mut params = vec![Param::Text(value.clone())];
                params.extend(scan.after.clone().map(Param::Text));
                params.push(limit);
                (text, params)
            }
        }
    }

    /// What `put` and `append` bind.
    pub fn image_params(&self, key: &str, image: &Image, version: i64) -> Vec<Param> {
        let mut params = vec![key.into(), image.body.as_str().into()];
        params.extend(image.indexes.iter().cloned().map(Param::NullableText));
        if self.binds_version {
            params.push(Param::Int(version));
        }
        params
    }
}

/// The smallest text greater than everything that starts with `prefix`, in byte order; `None` if there is none.
/// UTF-8 sorts as its code points do, so the last character that has a successor is raised and the rest cut off.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_bounds_exactly_the_keys_with_the_prefix() {
        assert_eq!(successor("a/"), Some("a0".to_owned()));
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10ffff}"), None);
        assert_eq!(successor("a\u{10ffff}"), Some("b".to_owned()));
        // The surrogates between these two are not characters.
        assert_eq!(successor("\u{d7ff}"), Some("\u{e000}".to_owned()));
        for key in ["a/", "a/\u{10ffff}", "a/z"] {
            assert!(key < successor("a/").unwrap().as_str());
        }
    }

    #[test]
    fn the_dialects_differ_in_placeholders_and_in_who_numbers_versions() {
        let table = Table { name: "t", indexes: &["a"] };
        let lite = TableSql::new(Dialect::Sqlite, &table);
        let big = TableSql::new(Dialect::Postgres, &table);
        assert!(lite.put.contains("VALUES (?1, ?2, ?3, ?4)"), "{}", lite.put);
        assert!(big.put.contains("VALUES ($1, $2, $3, nextval('schema_version'))"), "{}", big.put);
        assert!(!lite.put.contains('$') && !big.put.contains('?'));
    }
}
