//! Many threads at once, each with transactions of its own.

use crate::place::*;
use catalog::CatalogError;

const THREADS: usize = 8;

pub fn counters_of_many_threads_add_up(place: &Place) {
    const ROUNDS: usize = 40;
    let catalog = place.open();
    put_all(&catalog, &[0, 1, 2].map(|n| item(&format!("counter/{n}"), "", 0)));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let catalog = catalog.clone();
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    // Two of three counters, so that transactions overlap in part and in both orders.
                    let keys = [(thread + round) % 3, round % 3].map(|n| format!("counter/{n}"));
                    catalog
                        .transact(|tx| {
                            for key in &keys {
                                let mut row = tx.get::<Item>(key)?.unwrap();
                                row.n += 1;
                                tx.put(&row)?;
                            }
                            Ok::<_, CatalogError>(())
                        })
                        .unwrap();
                }
            });
        }
    });
    let rows = catalog.begin().unwrap().scan::<Item>("counter/", None, 9).unwrap();
    assert_eq!(rows.iter().map(|row| row.n).sum::<i64>(), (THREADS * ROUNDS * 2) as i64);
    assert_eq!(catalog.stats().committed, (THREADS * ROUNDS + 1) as u64);
}

/// A limit of ten, counted by index scan: more than ten takers, exactly ten get a seat.
pub fn a_full_index_is_never_overbooked(place: &Place) {
    let catalog = place.open();
    let seated: usize = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let catalog = catalog.clone();
                scope.spawn(move || {
                    (0..3)
                        .filter(|n| {
                            catalog
                                .transact(|tx| {
                                    let free = tx.scan_index::<Item>("owner", "seat", None, 11)?.len() < 10;
                                    if free {
                                        tx.put(&item(&format!("{thread}/{n}"), "seat", 1))?;
                                    }
                                    Ok::<_, CatalogError>(free)
                                })
                                .unwrap()
                        })
                        .count()
                })
            })
            .collect();
        takers.into_iter().map(|taker| taker.join().unwrap()).sum()
    });
    assert_eq!(seated, 10);
    let rows = catalog.begin().unwrap().scan_index::<Item>("owner", "seat", None, 100).unwrap();
    assert_eq!(rows.len(), 10);
}

pub fn threads_that_only_append_lose_nothing(place: &Place) {
    const ROWS: usize = 50;
    let catalog = place.open();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let catalog = catalog.clone();
            scope.spawn(move || {
                for n in 0..ROWS {
                    // Reads what others append all the time, and may still never conflict.
                    let mut tx = catalog.begin().unwrap();
                    tx.scan::<Note>("", None, 5).unwrap();
                    tx.append(&note(&format!("{thread}/{n:03}"))).unwrap();
                    tx.commit().unwrap();
                }
            });
        }
    });
    assert_eq!(catalog.begin().unwrap().scan::<Note>("", None, 10_000).unwrap().len(), THREADS * ROWS);
    assert_eq!(catalog.stats().conflicts, 0);
}

/// One thread changes a row and a note together, over and over, and others rows beside them; every transaction sees both alike,
/// whatever of it was remembered and whatever was read, and never goes back in time.
pub fn what_two_tables_hold_together_is_seen_together(place: &Place) {
    const ROUNDS: i64 = 300;
    let catalog = place.open();
    let at = |n: i64| Note { id: "a".to_owned(), text: n.to_string() };
    let write_both = |n: i64| {
        write(&catalog, |tx| {
            tx.put(&item("a", "both", n)).unwrap();
            tx.put(&at(n)).unwrap();
        });
    };
    write_both(0);
    let seen = |turn: usize| {
        let note =
            |tx: &mut catalog::Tx| Ok::<_, CatalogError>(tx.get::<Note>("a")?.unwrap().text.parse().unwrap());
        let (items, text): (i64, i64) = catalog
            .transact(|tx| match turn % 3 {
                0 => Ok::<_, CatalogError>((tx.get::<Item>("a")?.unwrap().n, note(tx)?)),
                1 => note(tx).and_then(|text| Ok((tx.get::<Item>("a")?.unwrap().n, text))),
                _ => Ok((tx.scan_index::<Item>("owner", "both", None, 2)?[0].n, note(tx)?)),
            })
            .unwrap();
        assert_eq!(items, text);
        items
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (mut last, mut turn) = (0, 0);
                while last < ROUNDS {
                    let now = seen(turn);
                    assert!(now >= last, "{now} after {last}");
                    (last, turn) = (now, turn + 1);
                }
            });
        }
        scope.spawn(|| (1..=ROUNDS).for_each(|n| put_all(&catalog, &[item("beside", "", n)])));
        for n in 1..=ROUNDS {
            write_both(n);
            assert_eq!(seen(n as usize), n, "what was committed is seen at once");
        }
    });
}
