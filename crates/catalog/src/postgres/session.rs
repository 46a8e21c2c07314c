//! One connection to PostgreSQL, and which of its failures mean what.

use crate::CatalogError;
use crate::backend::Stored;
use crate::sql::{Param, Session};
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Row, Statement};
use std::collections::HashMap;
use std::error::Error;

/// A connection with its prepared statements.
pub(super) struct Link {
    pub client: Client,
    statements: HashMap<String, Statement>,
}

impl Link {
    pub fn new(client: Client) -> Self {
        Link { client, statements: HashMap::new() }
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn query<T>(
        &mut self,
        sql: &str,
        params: &[Param],
        read: fn(&Row) -> Result<T, postgres::Error>,
    ) -> Result<Vec<T>, CatalogError> {
        let mut query = || -> Result<Vec<T>, postgres::Error> {
            let statement = self.prepared(sql)?;
            let rows = self.client.query(&statement, &bound(params))?;
            rows.iter().map(read).collect()
        };
        query().map_err(|e| failure("reading", e))
    }

    /// Runs text without parameters: transaction control and settings.
    pub fn control(&mut self, doing: &'static str, text: &str) -> Result<(), CatalogError> {
        self.client.batch_execute(text).map_err(|e| failure(doing, e))
    }
}

fn bound(params: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    params
        .iter()
        .map(|param| match param {
            Param::Text(text) => text as &(dyn ToSql + Sync),
            Param::NullableText(text) => text,
            Param::Int(n) => n,
        })
        .collect()
}

impl Session for Link {
    fn rows(&mut self, sql: &str, params: &[Param]) -> Result<Vec<Stored>, CatalogError> {
        self.query(sql, params, |row| {
            Ok(Stored {
                key: row.try_get(0)?,
                version: row.try_get(1)?,
                body: row.try_get::<_, String>(2)?.into(),
            })
        })
    }

    fn versions(&mut self, sql: &str, params: &[Param]) -> Result<Vec<(String, i64)>, CatalogError> {
        self.query(sql, params, |row| Ok((row.try_get(0)?, row.try_get(1)?)))
    }

    fn execute(&mut self, sql: &str, params: &[Param]) -> Result<u64, CatalogError> {
        let mut execute = || {
            let statement = self.prepared(sql)?;
            self.client.execute(&statement, &bound(params))
        };
        execute().map_err(|e| failure("writing", e))
    }
}

/// Sorts a driver's error: the server asks to try again, the connection is gone, or something is wrong.
pub(super) fn failure(doing: &'static str, error: postgres::Error) -> CatalogError {
    let code = error.code();
    if code == Some(&SqlState::T_R_SERIALIZATION_FAILURE) || code == Some(&SqlState::T_R_DEADLOCK_DETECTED) {
        return CatalogError::Conflict;
    }
    // Class 08 is connection trouble, 57P the server going away; without a code the server said nothing at all.
    let gone = match code {
        Some(code) => code.code().starts_with("08") || code.code().starts_with("57P"),
        None => error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>()),
    };
    let source = told(&error).into();
    if gone { CatalogError::Lost { doing, source } } else { CatalogError::Backend { doing, source } }
}

/// The driver's own text is only "db error"; the server's message stands in its cause.
fn told(error: &postgres::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A connection lost over `COMMIT` leaves open whether it happened.
pub(super) fn lost_at_commit(error: CatalogError) -> CatalogError {
    match error {
        CatalogError::Lost { source, .. } => CatalogError::OutcomeUnknown { source },
        other => other,
    }
}
