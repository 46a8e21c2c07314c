//! Where a test opens its catalog, and the rows that tests use.

use catalog::{Catalog, CatalogError, Row, Table, Tx};
use env::RealClock;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fresh, empty catalog's address; what is behind it goes away with the value.
pub struct Place {
    pub url: String,
    pub directory: Option<tempfile::TempDir>,
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("catalog.db").display());
        Place { url, directory: Some(directory) }
    }

    /// `None` only if PostgreSQL tests are switched off by hand. Each place is a schema of its own in one database.
    pub fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = crate::cluster::url()?;
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
        client.batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
        let join = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{join}options=-csearch_path%3D{name}&application_name={name}");
        Some(Place { url, directory: None })
    }

    pub fn try_open(&self, tables: &[Table]) -> Result<Catalog, CatalogError> {
        Catalog::open(&self.url, tables, Arc::new(RealClock::default()))
    }

    pub fn open(&self) -> Catalog {
        self.try_open(&[Item::TABLE, Note::TABLE]).unwrap()
    }

    /// The catalog's SQLite file.
    pub fn file(&self) -> std::path::PathBuf {
        self.url.strip_prefix("sqlite:").unwrap().into()
    }

    /// Runs SQL behind the catalog's back.
    pub fn tamper(&self, sql: &str) {
        if self.directory.is_some() {
            rusqlite::Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
        } else {
            postgres::Client::connect(&self.url, postgres::NoTls).unwrap().batch_execute(sql).unwrap();
        }
    }
}

/// A row with two indexes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub id: String,
    pub owner: Option<String>,
    pub n: i64,
}

impl Row for Item {
    const TABLE: Table = Table { name: "items", indexes: &["owner", "parity"] };

    fn key(&self) -> String {
        self.id.clone()
    }

    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.owner.clone(), Some(if self.n % 2 == 0 { "even" } else { "odd" }.to_owned())]
    }
}

/// A row without indexes. Its table's name is a reserved word of SQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub id: String,
    pub text: String,
}

impl Row for Note {
    const TABLE: Table = Table { name: "order", indexes: &[] };

    fn key(&self) -> String {
        self.id.clone()
    }
}

pub fn item(id: &str, owner: &str, n: i64) -> Item {
    Item { id: id.to_owned(), owner: (!owner.is_empty()).then(|| owner.to_owned()), n }
}

pub fn note(id: &str) -> Note {
    Note { id: id.to_owned(), text: "text\0with 'quotes\" and ü".to_owned() }
}

/// Commits a transaction that must succeed.
pub fn write(catalog: &Catalog, f: impl FnOnce(&mut Tx)) {
    let mut tx = catalog.begin().unwrap();
    f(&mut tx);
    tx.commit().unwrap();
}

pub fn put_all(catalog: &Catalog, items: &[Item]) {
    write(catalog, |tx| items.iter().for_each(|item| tx.put(item).unwrap()));
}

pub fn ids(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.id.as_str()).collect()
}

/// What is committed under the key.
pub fn committed(catalog: &Catalog, key: &str) -> Option<Item> {
    catalog.begin().unwrap().get(key).unwrap()
}

pub fn is_conflict(result: Result<(), CatalogError>) -> bool {
    match result {
        Ok(()) => false,
        Err(CatalogError::Conflict) => true,
        Err(other) => panic!("neither success nor conflict: {other}"),
    }
}
