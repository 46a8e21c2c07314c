//! What a transaction sees: one committed state, with its own writes over it, in order and within limits.

use crate::place::*;
use catalog::{CatalogError, MAX_KEY_BYTES, Row, Table};
use serde::{Deserialize, Serialize};

pub fn a_transaction_reads_what_it_wrote(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1), item("b", "", 2)]);
    let mut tx = catalog.begin().unwrap();
    tx.put(&item("a", "", 10)).unwrap();
    tx.delete::<Item>("b").unwrap();
    tx.append(&item("c", "", 3)).unwrap();
    tx.put(&note("a")).unwrap();
    assert_eq!(tx.get::<Item>("a").unwrap().unwrap().n, 10);
    assert_eq!(tx.get::<Item>("b").unwrap(), None);
    assert_eq!(tx.get::<Item>("c").unwrap().unwrap().n, 3);
    assert_eq!(tx.get::<Note>("a").unwrap(), Some(note("a")));
    assert_eq!(committed(&catalog, "a").unwrap().n, 1, "not committed yet");
    tx.commit().unwrap();
    assert_eq!(committed(&catalog, "a").unwrap().n, 10);
    assert_eq!(committed(&catalog, "b"), None);
    assert_eq!(catalog.begin().unwrap().get::<Note>("a").unwrap(), Some(note("a")), "NUL in a body is fine");
}

pub fn a_transaction_sees_one_state_whatever_others_commit(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1), item("b", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    assert_eq!(tx.get::<Item>("a").unwrap().unwrap().n, 1);
    write(&catalog, |other| {
        other.put(&item("a", "x", 2)).unwrap();
        other.delete::<Item>("b").unwrap();
        other.put(&item("c", "x", 2)).unwrap();
    });
    assert_eq!(tx.get::<Item>("a").unwrap().unwrap().n, 1);
    assert_eq!(tx.get::<Item>("b").unwrap().unwrap().n, 1);
    assert_eq!(ids(&tx.scan::<Item>("", None, 10).unwrap()), ["a", "b"]);
    assert!(tx.scan_index::<Item>("owner", "x", None, 10).unwrap().is_empty());
}

/// Every order that is not byte order gets at least one pair of these wrong.
const BYTE_ORDER: [&str; 11] = ["A", "B", "Z_", "_", "a", "a b", "a-b", "a/b", "ab", "\u{ffff}", "\u{10000}"];

pub fn scans_come_in_byte_order_within_their_prefix(place: &Place) {
    let catalog = place.open();
    let rows: Vec<Item> = BYTE_ORDER.iter().rev().map(|id| item(id, "x", 1)).collect();
    put_all(&catalog, &rows);
    let mut tx = catalog.begin().unwrap();
    assert_eq!(ids(&tx.scan::<Item>("", None, 100).unwrap()), BYTE_ORDER);
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "x", None, 100).unwrap()), BYTE_ORDER);
    assert_eq!(ids(&tx.scan::<Item>("a", None, 100).unwrap()), ["a", "a b", "a-b", "a/b", "ab"]);
    assert_eq!(ids(&tx.scan::<Item>("a", Some("a b"), 2).unwrap()), ["a-b", "a/b"]);
    assert_eq!(ids(&tx.scan::<Item>("a", Some("Z"), 1).unwrap()), ["a"], "after lies before the prefix");
    assert!(tx.scan::<Item>("a", Some("b"), 9).unwrap().is_empty(), "after lies behind the prefix");
    assert_eq!(ids(&tx.scan::<Item>("\u{ffff}", None, 9).unwrap()), ["\u{ffff}"]);
    assert!(tx.scan::<Item>("", None, 0).unwrap().is_empty());
    assert_eq!(tx.scan::<Item>("", None, usize::MAX).unwrap().len(), BYTE_ORDER.len());
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "x", Some("a/b"), 2).unwrap()), ["ab", "\u{ffff}"]);
}

pub fn scans_show_own_writes_in_order_and_keep_their_limit(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &["b", "d", "f", "h"].map(|id| item(id, "", 1)));
    let mut tx = catalog.begin().unwrap();
    tx.delete::<Item>("b").unwrap();
    tx.delete::<Item>("d").unwrap();
    tx.put(&item("f", "", 6)).unwrap();
    tx.put(&item("g", "", 7)).unwrap();
    tx.append(&item("a", "", 0)).unwrap();
    tx.append(&item("z", "", 9)).unwrap();
    let rows = tx.scan::<Item>("", None, 3).unwrap();
    assert_eq!(rows, [item("a", "", 0), item("f", "", 6), item("g", "", 7)]);
    assert_eq!(ids(&tx.scan::<Item>("", Some("g"), 3).unwrap()), ["h", "z"]);
    assert_eq!(ids(&tx.scan::<Item>("", None, 100).unwrap()), ["a", "f", "g", "h", "z"]);
    tx.put(&item("d", "", 4)).unwrap();
    assert_eq!(ids(&tx.scan::<Item>("", None, 2).unwrap()), ["a", "d"], "a deleted row put again");
}

pub fn pages_join_without_gap_or_repeat_over_own_writes(place: &Place) {
    let catalog = place.open();
    let rows: Vec<Item> = (0..60).map(|n| item(&format!("k/{n:03}"), "x", n)).collect();
    put_all(&catalog, &rows);
    for page in [1, 2, 7, 59, 60, 61] {
        let mut tx = catalog.begin().unwrap();
        (0..60).step_by(3).for_each(|n| tx.delete::<Item>(&format!("k/{n:03}")).unwrap());
        (0..60).step_by(5).for_each(|n| tx.put(&item(&format!("k/{n:03}b"), "x", n)).unwrap());
        let whole = tx.scan::<Item>("k/", None, 1000).unwrap();
        assert_eq!(whole.len(), 60 - 20 + 12);
        for index in [false, true] {
            let (mut joined, mut after) = (vec![], None);
            loop {
                let part: Vec<Item> = match index {
                    false => tx.scan("k/", after.as_deref(), page).unwrap(),
                    true => tx.scan_index("owner", "x", after.as_deref(), page).unwrap(),
                };
                assert!(part.len() <= page);
                let Some(last) = part.last() else { break };
                after = Some(last.id.clone());
                joined.extend(part);
            }
            assert_eq!(joined, whole, "page {page}, index {index}");
        }
    }
}

pub fn index_scans_follow_own_and_committed_changes(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("1", "ann", 1), item("2", "bob", 2), item("3", "ann", 4), item("4", "", 4)]);
    let mut tx = catalog.begin().unwrap();
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "ann", None, 9).unwrap()), ["1", "3"]);
    assert_eq!(ids(&tx.scan_index::<Item>("parity", "even", None, 9).unwrap()), ["2", "3", "4"]);
    assert!(
        tx.scan_index::<Item>("owner", "", None, 9).unwrap().is_empty(),
        "no value is not an empty value"
    );
    assert!(tx.scan_index::<Item>("owner", "an", None, 9).unwrap().is_empty(), "equal, not starting with");
    tx.put(&item("1", "bob", 1)).unwrap();
    tx.put(&item("0", "ann", 1)).unwrap();
    tx.put(&item("4", "ann", 4)).unwrap();
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "ann", None, 9).unwrap()), ["0", "3", "4"]);
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "ann", Some("0"), 1).unwrap()), ["3"]);
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "bob", None, 9).unwrap()), ["1", "2"]);
    tx.commit().unwrap();
    let mut tx = catalog.begin().unwrap();
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "ann", None, 9).unwrap()), ["0", "3", "4"]);
    write(&catalog, |tx| tx.put(&Item { owner: None, ..item("3", "", 3) }).unwrap());
    let mut tx = catalog.begin().unwrap();
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "ann", None, 9).unwrap()), ["0", "4"]);
}

pub fn a_prefix_never_shows_a_neighbour_with_a_longer_name(place: &Place) {
    let catalog = place.open();
    let rows = [
        "111122223333/a",
        "111122223333/b",
        "111122223334/a",
        "1111222233330/a",
        "111122223333",
        "11112222333%/x",
    ];
    put_all(&catalog, &rows.map(|id| item(id, "", 1)));
    let mut tx = catalog.begin().unwrap();
    assert_eq!(
        ids(&tx.scan::<Item>("111122223333/", None, 9).unwrap()),
        ["111122223333/a", "111122223333/b"]
    );
    assert_eq!(ids(&tx.scan::<Item>("11112222333%", None, 9).unwrap()), ["11112222333%/x"], "no wildcards");
    assert!(tx.scan::<Item>("111122223333_", None, 9).unwrap().is_empty());
}

pub fn keys_that_no_row_can_have_find_nothing(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "x", 1), item("b", "x", 1)]);
    let mut tx = catalog.begin().unwrap();
    let long = "x".repeat(MAX_KEY_BYTES + 1);
    for impossible in ["", "a\0", "\0", long.as_str()] {
        assert_eq!(tx.get::<Item>(impossible).unwrap(), None);
        assert!(tx.scan_index::<Item>("owner", impossible, None, 9).unwrap().is_empty());
        tx.delete::<Item>(impossible).unwrap();
    }
    assert!(tx.scan::<Item>("a\0", None, 9).unwrap().is_empty());
    assert!(tx.scan::<Item>(&long, None, 9).unwrap().is_empty());
    assert_eq!(ids(&tx.scan::<Item>("", Some("a\0zzz"), 9).unwrap()), ["b"]);
    assert_eq!(ids(&tx.scan::<Item>("", Some("\0"), 9).unwrap()), ["a", "b"]);
    assert!(tx.scan::<Item>("", Some(&long), 9).unwrap().is_empty());
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "x", Some("a\0b"), 9).unwrap()), ["b"]);
    let injection = "'; DROP TABLE items; --";
    assert_eq!(tx.get::<Item>(injection).unwrap(), None);
    assert!(tx.scan_index::<Item>("owner", injection, None, 9).unwrap().is_empty());
    tx.commit().unwrap();
    assert!(committed(&catalog, "a").is_some());
}

/// Declares one index and gives no value for it.
#[derive(Clone, Serialize, Deserialize)]
struct Careless;

impl Row for Careless {
    const TABLE: Table = Table { name: "careless", indexes: &["forgotten"] };
    fn key(&self) -> String {
        "k".to_owned()
    }
}

pub fn rows_that_break_the_rules_are_refused(place: &Place) {
    let catalog = place.try_open(&[Item::TABLE, Careless::TABLE]).unwrap();
    let mut tx = catalog.begin().unwrap();
    let longest = "x".repeat(MAX_KEY_BYTES);
    tx.put(&item(&longest, &longest, 1)).unwrap();
    for bad in [item("", "", 1), item("a\0", "", 1), item(&format!("{longest}x"), "", 1), item("k", "\0", 1)]
    {
        let refused = tx.put(&bad);
        assert!(matches!(refused, Err(CatalogError::BadRow { table: "items", .. })), "{bad:?}");
    }
    assert!(matches!(tx.put(&Careless), Err(CatalogError::BadRow { table: "careless", .. })));
    assert!(matches!(tx.put(&note("n")), Err(CatalogError::UnknownTable("order"))));
    tx.commit().unwrap();
    assert_eq!(ids(&catalog.begin().unwrap().scan::<Item>("", None, 9).unwrap()), [longest.as_str()]);
}
