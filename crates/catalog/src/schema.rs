//! Migrations: bringing a database to the tables and index columns that this program declares.
//!
//! ```text
//!  schema   name   text, primary key     "version"               layout of the catalog, see VERSION
//!           value  64-bit                "epoch"                 how often it was opened (SQLite numbers rows by it)
//!                                        "index:<table>.<index>" 1 when every row's value is in, 0 until then
//! ```
//! Adding a table or an index column is a migration that needs no number: it is derived from the declarations. A
//! program that meets an index it does not declare refuses, because its writes would leave that index wrong. All
//! of it is one transaction.

use crate::CatalogError;
use crate::sql::{Dialect, Param, Session, Sql, TableSql};
use std::collections::BTreeMap;

/// The layout described in `sql.rs` and here. Raise it, with a step in `migrate`, when either changes.
const VERSION: i64 = 1;

/// What opening found.
pub(crate) struct Migrated {
    /// Different at every opening, counting up.
    pub epoch: i64,
    /// (table, index) whose column was added to a table that has rows.
    pub unbuilt: Vec<(usize, usize)>,
}

pub(crate) fn check_name(name: &'static str) -> Result<(), CatalogError> {
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && name.len() <= 40
        && !["schema", "schema_version"].contains(&name)
        && !name.starts_with("sqlite_")
        && !name.starts_with("pg_");
    if good { Ok(()) } else { Err(CatalogError::BadName(name)) }
}

/// The index's name in table `schema`.
pub(crate) fn index_name(sql: &Sql, table: usize, index: usize) -> String {
    let table = &sql.tables[table];
    format!("index:{}.{}", table.name, table.indexes[index])
}

/// Runs inside a transaction that the caller commits.
pub(crate) fn migrate(session: &mut dyn Session, sql: &Sql) -> Result<Migrated, CatalogError> {
    let known = prepare(session, sql.dialect)?;
    let found = known.get("version").copied().unwrap_or(VERSION);
    if found > VERSION {
        let (found, known) = (format!("layout {found}"), format!("layout {VERSION}"));
        return Err(CatalogError::TooNew { found, known });
    }
    refuse_unknown_indexes(sql, &known)?;
    set(session, sql.dialect, "version", VERSION)?;
    let epoch = known.get("epoch").copied().unwrap_or(0).saturating_add(1);
    set(session, sql.dialect, "epoch", epoch)?;

    let mut unbuilt = vec![];
    for (at, table) in sql.tables.iter().enumerate() {
        create_table(session, sql.dialect, table)?;
        for (index, column) in table.indexes.iter().enumerate() {
            let name = index_name(sql, at, index);
            let built = match known.get(&name) {
                Some(built) => *built == 1,
                None => add_index(session, sql.dialect, table, column, &name)?,
            };
            if !built {
                unbuilt.push((at, index));
            }
        }
    }
    Ok(Migrated { epoch, unbuilt })
}

/// Makes table `schema` if need be and reads it. On PostgreSQL two servers may start at once: the lock, held until the
/// transaction ends, lets one of them migrate first.
fn prepare(session: &mut dyn Session, dialect: Dialect) -> Result<BTreeMap<String, i64>, CatalogError> {
    match dialect {
        Dialect::Sqlite => {
            let text = "CREATE TABLE IF NOT EXISTS schema (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT";
            session.execute(text, &[])?;
        }
        Dialect::Postgres => {
            // "Sealvol" in ASCII: an advisory lock is a number that only we use.
            session.execute("SELECT pg_advisory_xact_lock(23438552374931308)", &[])?;
            session.execute("CREATE SEQUENCE IF NOT EXISTS schema_version", &[])?;
            let text =
                "CREATE TABLE IF NOT EXISTS schema (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)";
            session.execute(text, &[])?;
        }
    }
    Ok(session.versions("SELECT name, value FROM schema", &[])?.into_iter().collect())
}

fn refuse_unknown_indexes(sql: &Sql, known: &BTreeMap<String, i64>) -> Result<(), CatalogError> {
    for (at, table) in sql.tables.iter().enumerate() {
        let prefix = format!("index:{}.", table.name);
        for name in known.range(prefix.clone()..).map(|(name, _)| name).take_while(|n| n.starts_with(&prefix))
        {
            if !(0..table.indexes.len()).any(|index| index_name(sql, at, index) == *name) {
                let known = format!("the indexes {:?}", table.indexes);
                return Err(CatalogError::TooNew { found: name.clone(), known });
            }
        }
    }
    Ok(())
}

fn create_table(session: &mut dyn Session, dialect: Dialect, table: &TableSql) -> Result<(), CatalogError> {
    let name = table.name;
    let text = match dialect {
        Dialect::Sqlite => format!(
            r#"CREATE TABLE IF NOT EXISTS "{name}" (key TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT"#
        ),
        Dialect::Postgres => format!(
            r#"CREATE TABLE IF NOT EXISTS "{name}" (key TEXT COLLATE "C" NOT NULL PRIMARY KEY, version BIGINT NOT NULL, body TEXT NOT NULL)"#
        ),
    };
    session.execute(&text, &[])?;
    Ok(())
}

/// Adds the column and its SQL index; true if there is no row whose value is missing.
fn add_index(
    session: &mut dyn Session,
    dialect: Dialect,
    table: &TableSql,
    column: &str,
    name: &str,
) -> Result<bool, CatalogError> {
    let collation = if dialect == Dialect::Postgres { r#" COLLATE "C""# } else { "" };
    let table = table.name;
    session.execute(&format!(r#"ALTER TABLE "{table}" ADD COLUMN ix_{column} TEXT{collation}"#), &[])?;
    session.execute(
        &format!(
            r#"CREATE INDEX "ix_{table}_{column}" ON "{table}" (ix_{column}, key) WHERE ix_{column} IS NOT NULL"#
        ),
        &[],
    )?;
    let empty = session.versions(&format!(r#"SELECT key, version FROM "{table}" LIMIT 1"#), &[])?.is_empty();
    set(session, dialect, name, i64::from(empty))?;
    Ok(empty)
}

/// Writes one row of table `schema`.
pub(crate) fn set(
    session: &mut dyn Session,
    dialect: Dialect,
    name: &str,
    value: i64,
) -> Result<(), CatalogError> {
    let text = match dialect {
        Dialect::Sqlite => {
            "INSERT INTO schema (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        }
        Dialect::Postgres => {
            "INSERT INTO schema (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        }
    };
    session.execute(text, &[name.into(), Param::Int(value)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_break_out_of_a_statement_or_collide_are_refused() {
        for bad in
            ["", "Volumes", "1a", "a b", "a\"b", "a;b", "schema", "schema_version", "sqlite_x", "pg_x", "é"]
        {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_name("trail_records2").is_ok());
    }
}
