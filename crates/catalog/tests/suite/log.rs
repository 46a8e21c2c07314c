//! How long SQLite's log gets.

use crate::place::*;
use catalog::{Catalog, CatalogError};
use std::sync::mpsc::channel;

fn log_mib(place: &Place) -> u64 {
    std::fs::metadata(format!("{}-wal", place.file().display())).unwrap().len() >> 20
}

/// Writes about `mib` of log, over and over the same rows, in a way that the writer always has more to do; returns the longest that
/// the log was.
fn write_steadily(place: &Place, catalog: &Catalog, mib: u64) -> u64 {
    const KIB: u64 = 20;
    const AT_ONCE: u64 = 64;
    let text = "x".repeat(KIB as usize * 1024);
    let (tell, told) = channel::<Result<(), CatalogError>>();
    let mut longest = 0;
    for n in 0..mib * 1024 / KIB {
        if n >= AT_ONCE {
            told.recv().unwrap().unwrap();
            longest = longest.max(log_mib(place));
        }
        let (tell, note) = (tell.clone(), Note { id: format!("{}", n % 500), text: text.clone() });
        let heard = move |answer| tell.send(answer).unwrap();
        catalog.transact_once(|tx| tx.put(&note), heard);
    }
    (0..AT_ONCE).for_each(|_| told.recv().unwrap().unwrap());
    longest
}

#[test]
fn steady_writing_does_not_let_the_log_grow() {
    let place = Place::sqlite();
    let catalog = place.open();
    let longest = write_steadily(&place, &catalog, 120);
    assert!(
        (15..48).contains(&longest),
        "{longest} MiB: it begins anew after 16 and what came while it was folded"
    );
    catalog.integrity_check().unwrap();
}
