//! What only SQLite's files can show.

use crate::place::*;
use catalog::{Catalog, CatalogError, Row};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

fn files(place: &Place) -> Vec<std::path::PathBuf> {
    let directory = place.directory.as_ref().unwrap().path();
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn all_files_belong_to_their_owner_only() {
    let place = Place::sqlite();
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    assert_eq!(files(&place).len(), 4, "catalog, log, its index, lock: {:?}", files(&place));
    files(&place).iter().for_each(|path| assert_eq!(mode(path), 0o600, "{path:?}"));
    drop(catalog);
    // A backup restored by hand.
    std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 2)]);
    files(&place).iter().for_each(|path| assert_eq!(mode(path), 0o600, "{path:?}"));
}

#[test]
fn a_second_server_is_told_that_the_catalog_is_in_use() {
    let place = Place::sqlite();
    let first = place.open();
    for _ in 0..3 {
        let second = place.try_open(&[Item::TABLE, Note::TABLE]).map(|_| ()).unwrap_err();
        assert!(matches!(second, CatalogError::Locked { .. }), "{second}");
        assert!(second.to_string().contains("catalog.db"), "{second}");
    }
    put_all(&first, &[item("a", "", 1)]);
    // A transaction keeps the catalog open after its last handle.
    let mut tx = first.begin().unwrap();
    drop(first);
    assert!(place.try_open(&[Item::TABLE, Note::TABLE]).is_err());
    assert!(tx.get::<Item>("a").unwrap().is_some());
    drop(tx);
    assert!(committed(&place.open(), "a").is_some());
}

fn found_in_files(place: &Place, marker: &str) -> bool {
    let hit = |bytes: Vec<u8>| bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
    files(place).iter().any(|path| hit(std::fs::read(path).unwrap()))
}

#[test]
fn a_deleted_row_is_in_no_file_after_a_checkpoint() {
    let place = Place::sqlite();
    let catalog = place.open();
    let marker = "wrapped-key-material-0f1e2d3c";
    // Among neighbours, in a row of one page and in one that overflows into others, in a body and in an index.
    let padding = "x".repeat(20_000);
    write(&catalog, |tx| {
        (0..200).for_each(|n| tx.put(&item(&format!("{n}"), "ann", n)).unwrap());
        tx.put(&item("secret", marker, 1)).unwrap();
        tx.put(&Note { id: "long".to_owned(), text: format!("{padding}{marker}{padding}") }).unwrap();
    });
    catalog.checkpoint().unwrap();
    assert!(found_in_files(&place, marker), "the search can find it");
    write(&catalog, |tx| {
        tx.put(&item("secret", "gone", 1)).unwrap();
        tx.delete::<Note>("long").unwrap();
    });
    catalog.scrub::<Note>().unwrap();
    assert!(!found_in_files(&place, marker));
    assert_eq!(committed(&catalog, "secret").unwrap().owner.as_deref(), Some("gone"));
}

#[test]
fn a_checkpoint_says_when_a_reader_is_in_its_way() {
    let place = Place::sqlite();
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut reader = catalog.begin().unwrap();
    reader.get::<Item>("a").unwrap();
    put_all(&catalog, &[item("a", "", 2)]);
    let asked = catalog.clone();
    let waiting = std::thread::spawn(move || asked.checkpoint());
    std::thread::sleep(std::time::Duration::from_millis(50));
    drop(reader);
    waiting.join().unwrap().unwrap();
    assert_eq!(std::fs::metadata(format!("{}-wal", place.file().display())).unwrap().len(), 0);
}

#[test]
fn concurrent_commits_share_a_sync() {
    let place = Place::sqlite();
    let catalog = place.open();
    std::thread::scope(|scope| {
        for thread in 0..32 {
            let catalog = catalog.clone();
            scope.spawn(move || {
                (0..20)
                    .for_each(|n| write(&catalog, |tx| tx.append(&note(&format!("{thread}/{n}"))).unwrap()));
            });
        }
    });
    let stats = catalog.stats();
    assert_eq!(stats.committed, 32 * 20);
    assert!(stats.durable_commits < stats.committed / 2, "{stats:?}");
}

#[test]
fn a_failed_transaction_of_a_group_takes_no_other_with_it() {
    let place = Place::sqlite();
    let catalog = place.open();
    write(&catalog, |tx| tx.append(&note("taken")).unwrap());
    let failed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32)
            .map(|thread| {
                let catalog = catalog.clone();
                scope.spawn(move || {
                    let mut tx = catalog.begin().unwrap();
                    tx.put(&item(&format!("{thread:02}"), "", 1)).unwrap();
                    if thread % 2 == 0 {
                        tx.append(&note("taken")).unwrap();
                    }
                    usize::from(tx.commit().is_err())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(failed, 16);
    let rows = catalog.begin().unwrap().scan::<Item>("", None, 99).unwrap();
    assert_eq!(rows.len(), 16);
    assert!(rows.iter().all(|row| row.id.parse::<u32>().unwrap() % 2 == 1));
}

#[test]
fn damage_in_the_file_is_reported() {
    let place = Place::sqlite();
    let catalog = place.open();
    let rows: Vec<Item> = (0..2000).map(|n| item(&format!("{n:05}"), "ann", n)).collect();
    put_all(&catalog, &rows);
    catalog.integrity_check().unwrap();
    drop(catalog);
    let file = std::fs::OpenOptions::new().write(true).open(place.file()).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    file.write_all_at(&[0xa5; 4096], (pages / 2) * 4096).unwrap();
    let catalog = place.open();
    let report = catalog.integrity_check().unwrap_err();
    assert!(matches!(report, CatalogError::Damaged { .. }), "{report}");
}

#[test]
fn what_is_no_catalog_is_refused_with_a_reason() {
    let open = |url: &str| {
        let clock = Arc::new(env::RealClock::default());
        Catalog::open(url, &[Item::TABLE], clock).map(|_| ()).unwrap_err()
    };
    for url in ["", "sqlite:", "catalog.db", "mysql://x", "SQLITE:x", "/tmp/x"] {
        assert!(matches!(open(url), CatalogError::BadUrl(_)), "{url}");
    }
    let place = Place::sqlite();
    std::fs::write(place.file(), "not a database, only text long enough to be read as a header ".repeat(20))
        .unwrap();
    let refused = open(&place.url);
    assert!(refused.to_string().contains("not a database"), "{refused}");
    let missing =
        format!("sqlite:{}/no/such/directory/c.db", place.directory.as_ref().unwrap().path().display());
    assert!(matches!(open(&missing), CatalogError::Backend { .. }));
}

#[test]
fn a_log_left_by_a_killed_server_is_read_and_kept_private() {
    let place = Place::sqlite();
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    // The files as a crash would leave them, log and all, in another place.
    let other = Place::sqlite();
    for suffix in ["", "-wal"] {
        let [from, to] = [&place, &other].map(|p| format!("{}{suffix}", p.file().display()));
        std::fs::copy(from, to).unwrap();
    }
    assert_eq!(committed(&other.open(), "a"), Some(item("a", "", 1)));
}
