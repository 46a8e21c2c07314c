//! Looking at a SQLite catalog while no server has it open. Its rows stay as they are: not even a migration is made.

use super::{connect, lock};
use crate::CatalogError;
use crate::row::Row;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// A catalog that is looked at. As long as this lives, no server can open it.
pub struct Examined {
    connection: Connection,
    _lock: Connection,
}

impl Examined {
    /// [`CatalogError::Locked`] while a server has the catalog open.
    pub fn open(path: &Path) -> Result<Examined, CatalogError> {
        let lock = lock(path)?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Examined { connection, _lock: lock })
    }

    /// What SQLite finds wrong with its own structures.
    pub fn faults(&self) -> Vec<String> {
        let check = || {
            let mut check = self.connection.prepare("PRAGMA integrity_check(100)")?;
            check.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()
        };
        let mut found = check().unwrap_or_else(|e| vec![e.to_string()]);
        found.retain(|line| line != "ok");
        found
    }

    /// All rows of a table, in the order of their keys.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, CatalogError> {
        let table = R::TABLE.name;
        let read = || {
            let mut select =
                self.connection.prepare(&format!("SELECT key, body FROM \"{table}\" ORDER BY key"))?;
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()
        };
        let rows: Vec<(String, String)> = read().map_err(|e| CatalogError::backend("reading", e))?;
        let decoded = rows.into_iter().map(|(key, body)| {
            serde_json::from_str(&body).map_err(|e| CatalogError::Corrupt { table, key, source: e.into() })
        });
        decoded.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, Table};
    use env::{Files, RealFiles};
    use serde::{Deserialize, Serialize};
    use std::sync::Arc;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Thing(String);

    impl Row for Thing {
        const TABLE: Table = Table { name: "things", indexes: &[] };

        fn key(&self) -> String {
            self.0.clone()
        }
    }

    fn made(path: &Path) -> Catalog {
        let url = format!("sqlite:{}", path.display());
        let catalog = Catalog::open(&url, &[Thing::TABLE], Arc::new(env::RealClock::default())).unwrap();
        for name in ["b", "a"] {
            catalog.transact::<_, CatalogError>(|tx| tx.put(&Thing(name.to_owned()))).unwrap();
        }
        catalog
    }

    #[test]
    fn rows_are_read_when_no_server_has_the_catalog_and_only_then() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.sqlite");
        let catalog = made(&path);
        assert!(matches!(Examined::open(&path), Err(CatalogError::Locked { .. })));
        drop(catalog);
        let before = RealFiles.read(&path).unwrap();
        let examined = Examined::open(&path).unwrap();
        assert_eq!(examined.faults(), [""; 0]);
        assert_eq!(examined.rows::<Thing>().unwrap(), [Thing("a".into()), Thing("b".into())]);
        let url = format!("sqlite:{}", path.display());
        let opened = Catalog::open(&url, &[Thing::TABLE], Arc::new(env::RealClock::default()));
        assert!(matches!(opened, Err(CatalogError::Locked { .. })), "it is held while it is looked at");
        drop(examined);
        assert_eq!(RealFiles.read(&path).unwrap(), before);
    }

    #[test]
    fn what_is_no_catalog_any_more_has_faults() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.sqlite");
        drop(made(&path));
        let mut bytes = RealFiles.read(&path).unwrap();
        bytes[..100].fill(7);
        RealFiles.write_durably(&path, &bytes).unwrap();
        let examined = Examined::open(&path).unwrap();
        assert!(examined.faults()[0].contains("not a database"), "{:?}", examined.faults());
        assert!(examined.rows::<Thing>().is_err());
    }
}
