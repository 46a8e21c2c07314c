//! Transactions that run once and do not wait for their commit.

use crate::place::*;
use catalog::CatalogError;
use std::sync::mpsc::{Sender, channel};

type Heard = Result<i64, CatalogError>;

fn telling(tell: &Sender<Heard>) -> impl FnOnce(Heard) + Send + 'static {
    let tell = tell.clone();
    move |ended| tell.send(ended).unwrap()
}

pub fn its_end_is_told_when_it_is_durable_and_its_work_done(place: &Place) {
    let catalog = place.open();
    let (tell, told) = channel();
    let (work, worked) = channel();
    catalog.transact_once(
        |tx| {
            tx.put(&item("a", "", 7))?;
            tx.on_commit(move || work.send(()).unwrap());
            Ok(7)
        },
        telling(&tell),
    );
    assert_eq!(told.recv().unwrap().unwrap(), 7);
    assert_eq!(worked.try_recv(), Ok(()));
    assert_eq!(committed(&catalog, "a").unwrap().n, 7);
    catalog.transact_once(|tx| Ok(tx.get::<Item>("a")?.unwrap().n), telling(&tell));
    assert_eq!(told.recv().unwrap().unwrap(), 7, "reading alone is over at once");
}

pub fn a_lost_race_is_told_and_not_run_again(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let (tell, told) = channel();
    let mut runs = 0;
    catalog.transact_once(
        |tx| {
            runs += 1;
            let row = tx.get::<Item>("a")?.unwrap();
            put_all(&catalog, &[item("a", "", 5)]);
            tx.put(&item("a", "", row.n + 1))?;
            Ok(row.n)
        },
        telling(&tell),
    );
    assert!(matches!(told.recv().unwrap(), Err(CatalogError::Conflict)));
    assert_eq!((runs, committed(&catalog, "a").unwrap().n), (1, 5));
}

pub fn an_error_is_told_and_commits_nothing(place: &Place) {
    let catalog = place.open();
    let (tell, told) = channel();
    catalog.transact_once(
        |tx| {
            tx.put(&item("a", "", 1))?;
            Err(CatalogError::UnknownTable("of my own"))
        },
        telling(&tell),
    );
    assert!(matches!(told.recv().unwrap(), Err(CatalogError::UnknownTable("of my own"))));
    assert_eq!(committed(&catalog, "a"), None);
}

/// Counters that everybody changes, by transactions that do not wait: what is told to be done is done, and nothing else.
pub fn many_that_do_not_wait_lose_nothing(place: &Place) {
    const ROUNDS: i64 = 500;
    let catalog = place.open();
    put_all(&catalog, &[item("counter", "", 0)]);
    let (tell, told) = channel();
    for round in 0..ROUNDS {
        catalog.transact_once(
            |tx| {
                let mut row = tx.get::<Item>("counter")?.unwrap();
                row.n += 1;
                tx.put(&row)?;
                tx.append(&item(&format!("round/{round:04}"), "", round))?;
                Ok(round)
            },
            telling(&tell),
        );
    }
    drop(tell);
    let done = told.iter().filter(|ended| !matches!(ended, Err(CatalogError::Conflict))).map(Result::unwrap);
    let mut done: Vec<i64> = done.collect();
    done.sort_unstable();
    assert_eq!(committed(&catalog, "counter").unwrap().n, done.len() as i64);
    let rows = catalog.begin().unwrap().scan::<Item>("round/", None, usize::MAX).unwrap();
    assert_eq!(rows.iter().map(|row| row.n).collect::<Vec<_>>(), done);
}
