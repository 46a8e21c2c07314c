//! Opening what is there: everything stays, additions appear, and what is newer than this program is refused.

use crate::place::*;
use catalog::{Catalog, CatalogError, Row, Table};
use serde::{Deserialize, Serialize};

pub fn a_reopened_catalog_has_everything(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "ann", 1), item("b", "", 2)]);
    write(&catalog, |tx| tx.append(&note("n")).unwrap());
    write(&catalog, |tx| tx.delete::<Item>("b").unwrap());
    drop(catalog);
    let catalog = place.open();
    let mut tx = catalog.begin().unwrap();
    assert_eq!(tx.scan::<Item>("", None, 9).unwrap(), [item("a", "ann", 1)]);
    assert_eq!(tx.scan_index::<Item>("owner", "ann", None, 9).unwrap().len(), 1);
    assert_eq!(tx.get::<Note>("n").unwrap(), Some(note("n")));
    tx.put(&item("c", "", 3)).unwrap();
    tx.commit().unwrap();
    catalog.integrity_check().unwrap();
}

/// `Item` as an earlier program knew it.
#[derive(Clone, Serialize, Deserialize)]
struct OldItem {
    id: String,
    owner: Option<String>,
    n: i64,
}

impl Row for OldItem {
    const TABLE: Table = Table { name: "items", indexes: &["owner"] };
    fn key(&self) -> String {
        self.id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.owner.clone()]
    }
}

/// A catalog that the earlier program made, with more rows than one batch of filling holds, in ours.
fn upgraded(place: &Place) -> Catalog {
    let old = place.try_open(&[OldItem::TABLE]).unwrap();
    write(&old, |tx| {
        for n in 0..450 {
            tx.put(&OldItem { id: format!("{n:04}"), owner: Some("ann".to_owned()), n }).unwrap();
        }
    });
    drop(old);
    place.open()
}

fn even(catalog: &Catalog) -> usize {
    catalog.transact(|tx| tx.scan_index::<Item>("parity", "even", None, 1000)).unwrap().len()
}

pub fn a_new_table_and_a_new_index_appear_on_open(place: &Place) {
    let catalog = upgraded(place);
    let mut tx = catalog.begin().unwrap();
    assert_eq!(tx.scan_index::<Item>("owner", "ann", None, 1000).unwrap().len(), 450);
    // The snapshot that meets the empty index may not answer from it.
    let early = tx.scan_index::<Item>("parity", "even", None, 1000);
    assert!(matches!(early, Err(CatalogError::Conflict)));
    drop(tx);
    assert_eq!(even(&catalog), 225);
    write(&catalog, |tx| tx.put(&note("n")).unwrap());
    put_all(&catalog, &[item("0001", "", 2)]);
    assert_eq!(even(&catalog), 226);
}

pub fn a_filled_index_stays_filled(place: &Place) {
    drop(upgraded(place));
    // Opened and closed without a scan: the index is still to be filled.
    let catalog = place.open();
    let started = catalog.stats().committed;
    assert_eq!(even(&catalog), 225);
    assert!(catalog.stats().committed > started, "filled now");
    drop(catalog);
    let catalog = place.open();
    assert_eq!(even(&catalog), 225);
    assert_eq!(catalog.stats().committed, 0, "and not again");
}

pub fn an_unknown_index_means_a_newer_program(place: &Place) {
    drop(place.open());
    match place.try_open(&[OldItem::TABLE]).map(|_| ()) {
        Err(CatalogError::TooNew { found, .. }) => assert_eq!(found, "index:items.parity"),
        other => panic!("{other:?}"),
    }
    drop(place.try_open(&[Note::TABLE]).unwrap());
}

pub fn a_newer_layout_is_refused(place: &Place) {
    drop(place.open());
    place.tamper("UPDATE schema SET value = 2 WHERE name = 'version'");
    match place.try_open(&[Item::TABLE]).map(|_| ()) {
        Err(error @ CatalogError::TooNew { .. }) => {
            assert_eq!(
                error.to_string(),
                "the catalog was made by a newer version of this program (layout 2; this one knows layout 1)"
            );
        }
        other => panic!("{other:?}"),
    }
    // The refused opening changed nothing and holds nothing.
    place.tamper("UPDATE schema SET value = 1 WHERE name = 'version'");
    drop(place.open());
}

pub fn undeclared_tables_and_indexes_are_named(place: &Place) {
    let bad = |tables: &[Table]| place.try_open(tables).map(|_| ()).unwrap_err();
    let quote = Table { name: "a\"b", indexes: &[] };
    assert!(matches!(bad(&[quote]), CatalogError::BadName("a\"b")));
    assert!(matches!(bad(&[Table { name: "a", indexes: &["B"] }]), CatalogError::BadName("B")));
    assert!(matches!(bad(&[Table { name: "schema", indexes: &[] }]), CatalogError::BadName(_)));
    assert!(matches!(bad(&[Note::TABLE, Note::TABLE]), CatalogError::BadRow { table: "order", .. }));
    let twice = Table { name: "a", indexes: &["x", "x"] };
    assert!(matches!(bad(&[twice]), CatalogError::BadRow { table: "a", .. }));
    let catalog = place.try_open(&[Item::TABLE]).unwrap();
    let mut tx = catalog.begin().unwrap();
    assert!(matches!(tx.get::<Note>("n"), Err(CatalogError::UnknownTable("order"))));
    let unknown = tx.scan_index::<Item>("colour", "red", None, 1);
    assert!(matches!(unknown, Err(CatalogError::UnknownIndex { table: "items", .. })));
}

pub fn a_row_that_does_not_read_is_named(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("good", "", 1), item("bad", "ann", 1)]);
    drop(catalog);
    place.tamper("UPDATE items SET body = '{\"id\":7}' WHERE key = 'bad'");
    let catalog = place.open();
    let mut tx = catalog.begin().unwrap();
    for result in [
        tx.get::<Item>("bad").map(|_| ()),
        tx.scan::<Item>("", None, 9).map(|_| ()),
        tx.scan_index::<Item>("owner", "ann", None, 9).map(|_| ()),
    ] {
        match result {
            Err(CatalogError::Corrupt { table: "items", key, .. }) => assert_eq!(key, "bad"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tx.get::<Item>("good").unwrap().unwrap().n, 1);
}
