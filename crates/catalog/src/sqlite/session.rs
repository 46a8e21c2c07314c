//! The common code's view of a SQLite connection.

use crate::CatalogError;
use crate::backend::Stored;
use crate::sql::{Param, Session};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

/// Statements are prepared once per connection and kept.
pub(super) struct SqliteSession<'c>(pub &'c Connection);

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Param::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Param::NullableText(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Param::NullableText(None) => ToSqlOutput::Owned(Value::Null),
            Param::Int(n) => ToSqlOutput::Owned(Value::Integer(*n)),
        })
    }
}

impl SqliteSession<'_> {
    fn query<T>(
        &self,
        sql: &str,
        params: &[Param],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, CatalogError> {
        let query = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.0.prepare_cached(sql)?;
            statement.query_map(params_from_iter(params), |row| read(row))?.collect()
        };
        query().map_err(|e| CatalogError::backend("reading", e))
    }
}

impl Session for SqliteSession<'_> {
    fn rows(&mut self, sql: &str, params: &[Param]) -> Result<Vec<Stored>, CatalogError> {
        self.query(sql, params, |row| {
            Ok(Stored { key: row.get(0)?, version: row.get(1)?, body: row.get(2)? })
        })
    }

    fn versions(&mut self, sql: &str, params: &[Param]) -> Result<Vec<(String, i64)>, CatalogError> {
        self.query(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn execute(&mut self, sql: &str, params: &[Param]) -> Result<u64, CatalogError> {
        let execute = || self.0.prepare_cached(sql)?.execute(params_from_iter(params));
        let changed = execute().map_err(|e| CatalogError::backend("writing", e))?;
        Ok(changed as u64)
    }
}
