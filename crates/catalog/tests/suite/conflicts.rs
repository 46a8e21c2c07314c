//! Which transactions can be committed beside which.

use crate::place::*;
use catalog::CatalogError;
use std::cell::Cell;

pub fn a_lost_update_is_refused(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut first = catalog.begin().unwrap();
    let mut second = catalog.begin().unwrap();
    let seen = [&mut first, &mut second].map(|tx| tx.get::<Item>("a").unwrap().unwrap().n);
    first.put(&item("a", "", seen[0] + 1)).unwrap();
    second.put(&item("a", "", seen[1] + 1)).unwrap();
    first.commit().unwrap();
    assert!(is_conflict(second.commit()));
    assert_eq!(committed(&catalog, "a").unwrap().n, 2);
    assert_eq!(catalog.stats().conflicts, 1);
}

pub fn a_row_deleted_and_made_again_alike_is_a_change(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.get::<Item>("a").unwrap();
    tx.put(&item("b", "", 1)).unwrap();
    write(&catalog, |other| other.delete::<Item>("a").unwrap());
    put_all(&catalog, &[item("a", "", 1)]);
    assert!(is_conflict(tx.commit()));
}

pub fn a_phantom_in_a_prefix_scan_is_refused(place: &Place) {
    let catalog = place.open();
    let maker = |id: &str| {
        let mut tx = catalog.begin().unwrap();
        let count = tx.scan::<Item>("t/", None, 10).unwrap().len();
        tx.put(&item(id, "", count as i64)).unwrap();
        tx
    };
    let (first, second) = (maker("t/1"), maker("t/2"));
    first.commit().unwrap();
    assert!(is_conflict(second.commit()));
    // A deletion is as much a change of the scan as an insertion.
    let third = maker("t/3");
    write(&catalog, |tx| tx.delete::<Item>("t/1").unwrap());
    assert!(is_conflict(third.commit()));
    // And so is a change of a row in it.
    put_all(&catalog, &[item("t/5", "", 5)]);
    let fourth = maker("t/4");
    put_all(&catalog, &[item("t/5", "", 6)]);
    assert!(is_conflict(fourth.commit()));
}

pub fn a_phantom_in_an_index_scan_is_refused(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("1", "ann", 1), item("9", "bob", 1)]);
    let mut tx = catalog.begin().unwrap();
    assert_eq!(tx.scan_index::<Item>("owner", "ann", None, 10).unwrap().len(), 1);
    tx.put(&item("unrelated", "", 0)).unwrap();
    put_all(&catalog, &[item("9", "ann", 1)]);
    assert!(is_conflict(tx.commit()), "row 9 joined the index");
}

pub fn a_row_that_left_an_index_is_noticed(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("1", "ann", 1), item("2", "ann", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.scan_index::<Item>("owner", "ann", None, 10).unwrap();
    tx.delete::<Item>("2").unwrap();
    put_all(&catalog, &[item("1", "bob", 1)]);
    assert!(is_conflict(tx.commit()));
    assert!(committed(&catalog, "2").is_some());
}

/// Two on call; each may leave while the other stays.
pub fn write_skew_is_refused(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("ann", "on", 1), item("bob", "on", 1)]);
    let leave = |who: &str| {
        let mut tx = catalog.begin().unwrap();
        assert_eq!(tx.scan_index::<Item>("owner", "on", None, 10).unwrap().len(), 2);
        tx.put(&item(who, "off", 1)).unwrap();
        tx
    };
    let (first, second) = (leave("ann"), leave("bob"));
    second.commit().unwrap();
    assert!(is_conflict(first.commit()));
    // The same through single rows.
    put_all(&catalog, &[item("x", "", 1), item("y", "", 1)]);
    let (mut first, mut second) = (catalog.begin().unwrap(), catalog.begin().unwrap());
    first.get::<Item>("x").unwrap();
    second.get::<Item>("y").unwrap();
    first.put(&item("y", "", 0)).unwrap();
    second.put(&item("x", "", 0)).unwrap();
    first.commit().unwrap();
    assert!(is_conflict(second.commit()));
}

pub fn two_makers_of_one_name_cannot_both_succeed(place: &Place) {
    let catalog = place.open();
    let claim = |n: i64| {
        let mut tx = catalog.begin().unwrap();
        assert_eq!(tx.get::<Item>("alias/x").unwrap(), None);
        tx.put(&item("alias/x", "", n)).unwrap();
        tx
    };
    let (first, second) = (claim(1), claim(2));
    first.commit().unwrap();
    assert!(is_conflict(second.commit()), "absence was read and is no longer so");
    assert_eq!(committed(&catalog, "alias/x").unwrap().n, 1);
}

pub fn changes_beside_what_was_read_do_not_conflict(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a/1", "ann", 1), item("b/1", "bob", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.scan::<Item>("a/", None, 10).unwrap();
    tx.scan_index::<Item>("owner", "ann", None, 10).unwrap();
    tx.get::<Item>("a/1").unwrap();
    tx.put(&item("a/2", "", 1)).unwrap();
    put_all(&catalog, &[item("b/1", "bob", 2), item("b/2", "", 1), item("a0", "", 1)]);
    tx.commit().unwrap();
}

pub fn changes_past_a_page_do_not_conflict(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &["a", "b", "c"].map(|id| item(id, "", 1)));
    let mut tx = catalog.begin().unwrap();
    assert_eq!(ids(&tx.scan::<Item>("", None, 2).unwrap()), ["a", "b"]);
    tx.put(&note("n")).unwrap();
    put_all(&catalog, &[item("c", "", 2), item("d", "", 2)]);
    tx.commit().unwrap();
}

pub fn appends_alone_never_conflict(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.get::<Item>("a").unwrap();
    tx.scan::<Item>("", None, 10).unwrap();
    tx.append(&note("trail/1")).unwrap();
    tx.append_kept(&note("trail/2")).unwrap();
    // A row appended here and then changed is still new.
    tx.append(&Note { text: "first".to_owned(), ..note("trail/3") }).unwrap();
    tx.put(&note("trail/3")).unwrap();
    put_all(&catalog, &[item("a", "", 2), item("b", "", 2)]);
    tx.commit().unwrap();
    let notes = catalog.begin().unwrap().scan::<Note>("trail/", None, 9).unwrap();
    assert_eq!(notes, ["trail/1", "trail/2", "trail/3"].map(note));
}

pub fn an_append_of_an_existing_key_is_refused_whole(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.put(&item("0", "", 1)).unwrap();
    tx.append(&item("a", "", 2)).unwrap();
    match tx.commit() {
        Err(CatalogError::Duplicate { table: "items", key }) => assert_eq!(key, "a"),
        other => panic!("{other:?}"),
    }
    assert_eq!(committed(&catalog, "a").unwrap().n, 1);
    assert_eq!(committed(&catalog, "0"), None, "the writes before it are undone too");
    let mut tx = catalog.begin().unwrap();
    tx.append(&item("b", "", 1)).unwrap();
    assert!(matches!(tx.append(&item("b", "", 2)), Err(CatalogError::Duplicate { .. })));
    tx.delete::<Item>("a").unwrap();
    tx.append(&item("a", "", 3)).unwrap();
    tx.commit().unwrap();
    assert_eq!(committed(&catalog, "a").unwrap().n, 3, "deleted here first, so its key is free");
}

pub fn blind_writes_do_not_conflict(place: &Place) {
    let catalog = place.open();
    let mut tx = catalog.begin().unwrap();
    tx.put(&item("a", "", 1)).unwrap();
    tx.delete::<Item>("b").unwrap();
    put_all(&catalog, &[item("a", "", 2), item("b", "", 2)]);
    tx.commit().unwrap();
    assert_eq!(committed(&catalog, "a").unwrap().n, 1);
    assert_eq!(committed(&catalog, "b"), None);
}

pub fn reading_alone_never_conflicts(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.get::<Item>("a").unwrap();
    put_all(&catalog, &[item("a", "", 2)]);
    tx.commit().unwrap();
}

pub fn transact_retries_until_it_wins_and_gives_up_in_the_end(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 0)]);
    let tries = Cell::new(0);
    let disturbed = |disturbances: i64| {
        tries.set(0);
        catalog.transact(|tx| {
            let found = tx.get::<Item>("a")?.unwrap();
            tries.set(tries.get() + 1);
            if tries.get() <= disturbances {
                put_all(&catalog, &[item("a", "", found.n + 100)]);
            }
            tx.put(&item("a", "", found.n + 1))?;
            Ok::<_, CatalogError>(found.n)
        })
    };
    assert_eq!(disturbed(3).unwrap(), 300);
    assert_eq!((committed(&catalog, "a").unwrap().n, tries.get()), (301, 4));
    match disturbed(i64::MAX) {
        Err(CatalogError::Exhausted { tries: told }) => assert_eq!(i64::from(told), tries.get()),
        other => panic!("{other:?}"),
    }
}

pub fn an_error_of_the_handler_commits_nothing(place: &Place) {
    #[derive(Debug)]
    enum Mine {
        Refused,
        Catalog,
    }
    impl From<CatalogError> for Mine {
        fn from(_: CatalogError) -> Self {
            Mine::Catalog
        }
    }
    let catalog = place.open();
    let mut runs = 0;
    let refused = catalog.transact(|tx| {
        runs += 1;
        tx.put(&item("a", "", 1))?;
        Err::<(), _>(Mine::Refused)
    });
    assert!(matches!(refused, Err(Mine::Refused)));
    assert_eq!((runs, committed(&catalog, "a")), (1, None));
    let refused = catalog.transact(|tx| tx.scan_index::<Item>("nope", "", None, 1).map_err(Mine::from));
    assert!(matches!(refused, Err(Mine::Catalog)));
}
