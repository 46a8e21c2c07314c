//! What only PostgreSQL can show: other servers on the same catalog, and connections that die.

use crate::place::*;
use catalog::{Catalog, CatalogError, Row};
use std::sync::Arc;
use std::time::Duration;

/// Ends every connection of the place's catalog, as a restart of the server would.
fn cut_connections(place: &Place) {
    let name = place.url.rsplit('=').next().unwrap();
    let mut client = postgres::Client::connect(&crate::cluster::url().unwrap(), postgres::NoTls).unwrap();
    let cut = client
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            &[&name],
        )
        .unwrap();
    assert!(cut > 0);
}

#[test]
fn two_servers_share_a_catalog_and_see_each_other() {
    let Some(place) = Place::postgres() else { return };
    let (one, two) = (place.open(), place.open());
    put_all(&one, &[item("a", "", 1)]);
    let mut tx = two.begin().unwrap();
    assert_eq!(tx.get::<Item>("a").unwrap().unwrap().n, 1);
    tx.put(&item("a", "", 2)).unwrap();
    put_all(&one, &[item("a", "", 5)]);
    assert!(is_conflict(tx.commit()));
    std::thread::scope(|scope| {
        for catalog in [&one, &two, &one, &two] {
            scope.spawn(move || {
                for _ in 0..25 {
                    catalog
                        .transact(|tx| {
                            let mut row = tx.get::<Item>("a")?.unwrap();
                            row.n += 1;
                            tx.put(&row)
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(committed(&two, "a").unwrap().n, 105);
}

#[test]
fn servers_that_start_together_migrate_once() {
    let Some(place) = Place::postgres() else { return };
    std::thread::scope(|scope| {
        (0..6).for_each(|_| {
            scope.spawn(|| place.open());
        });
    });
    put_all(&place.open(), &[item("a", "ann", 1)]);
}

#[test]
fn a_cut_connection_costs_one_try_and_no_more() {
    let Some(place) = Place::postgres() else { return };
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    // Idle connections have died: nobody notices.
    cut_connections(&place);
    assert_eq!(committed(&catalog, "a").unwrap().n, 1);
    cut_connections(&place);
    put_all(&catalog, &[item("a", "", 2)]);
    // A connection dies under a running transaction: transact runs it again, a bare transaction says so.
    let mut first = true;
    let n = catalog.transact(|tx| {
        tx.get::<Item>("a")?;
        if std::mem::take(&mut first) {
            cut_connections(&place);
        }
        Ok::<_, CatalogError>(tx.get::<Item>("a")?.unwrap().n)
    });
    assert_eq!(n.unwrap(), 2);
    let mut tx = catalog.begin().unwrap();
    tx.get::<Item>("a").unwrap();
    cut_connections(&place);
    assert!(matches!(tx.get::<Item>("a"), Err(CatalogError::Lost { .. })));
}

#[test]
fn dead_connections_make_room_for_new_ones() {
    let Some(place) = Place::postgres() else { return };
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    // More often than the pool has connections.
    for _ in 0..40 {
        assert!(committed(&catalog, "a").is_some());
        cut_connections(&place);
    }
}

#[test]
fn more_threads_than_connections_wait_for_their_turn() {
    let Some(place) = Place::postgres() else { return };
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    std::thread::scope(|scope| {
        for thread in 0..80 {
            let catalog = &catalog;
            scope.spawn(move || {
                let mut tx = catalog.begin().unwrap();
                tx.get::<Item>("a").unwrap();
                std::thread::sleep(std::time::Duration::from_millis(20));
                tx.append(&note(&format!("{thread}"))).unwrap();
                tx.commit().unwrap();
            });
        }
    });
    assert_eq!(catalog.begin().unwrap().scan::<Note>("", None, 99).unwrap().len(), 80);
}

#[test]
fn a_server_that_is_not_there_is_an_error_not_a_panic() {
    for url in [
        "postgres:///x?host=/nonexistent&user=u",
        "postgres://u:secret-word@127.0.0.1:1/x",
        "postgres://u:secret-word@[::1/x",
        "postgres:///x?host=/tmp&sslmode=require",
    ] {
        let clock = Arc::new(env::RealClock::default());
        let error = Catalog::open(url, &[Item::TABLE], clock).map(|_| ()).unwrap_err();
        assert!(!error.to_string().contains("secret-word"), "{error}");
    }
}

#[test]
fn a_scrubbed_table_has_no_byte_of_a_deleted_row_in_its_file() {
    let Some(place) = Place::postgres() else { return };
    let catalog = place.open();
    let marker = "wrapped-key-material-0f1e2d3c";
    let mut client = postgres::Client::connect(&place.url, postgres::NoTls).unwrap();
    let mut found = || -> bool {
        client.batch_execute("CHECKPOINT").unwrap();
        let file = format!(r#"pg_read_binary_file(pg_relation_filepath('"{}"'))"#, Note::TABLE.name);
        let text = format!("SELECT position(convert_to($1, 'UTF8') IN {file}) > 0");
        client.query_one(&text, &[&marker]).unwrap().get(0)
    };
    write(&catalog, |tx| tx.put(&Note { id: "gone".to_owned(), text: marker.to_owned() }).unwrap());
    write(&catalog, |tx| tx.put(&Note { id: "kept".to_owned(), text: "other".to_owned() }).unwrap());
    assert!(found(), "the search can find it");
    write(&catalog, |tx| tx.delete::<Note>("gone").unwrap());
    assert!(found(), "a deleted row is still in its page");
    // PostgreSQL keeps a dead row for as long as an older transaction of the database could see it, also one of another test:
    // the next round takes it then.
    let gone = (0..300).any(|_| {
        catalog.scrub::<Note>().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        !found()
    });
    assert!(gone);
    let mut tx = catalog.begin().unwrap();
    assert_eq!(tx.get::<Note>("kept").unwrap().unwrap().text, "other");
    // The connection goes back as it was: the next commit waits for locks as ever.
    write(&catalog, |tx| tx.put(&Note { id: "next".to_owned(), text: "x".to_owned() }).unwrap());
}
