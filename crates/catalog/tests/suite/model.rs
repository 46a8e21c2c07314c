//! Random transactions against a map. A failure prints its seed; `SEALVOL_SEED` runs it again.
//!
//! Several transactions are open at once. Each is compared, read by read, with a copy of the map taken at its snapshot
//! and its own writes on top. When one is committed, everything that it read is read again from the map as it is
//! now: the answers must be the same, or the transaction should have been refused. That is serialisability, checked
//! directly.

use crate::place::*;
use catalog::{Catalog, Savepoint, Tx};
use env::{Entropy, RealEntropy, SimEntropy};
use std::collections::BTreeMap;

type Map = BTreeMap<String, Item>;

#[derive(Clone, Debug)]
enum Query {
    Get(String),
    Prefix(String, Option<String>, usize),
    Owner(String, Option<String>, usize),
}

#[derive(Clone, Debug)]
enum Change {
    Put(Item),
    Delete(String),
    AppendKept(Item),
}

/// A transaction and what it should be.
struct Actor {
    tx: Tx,
    /// The committed map when the snapshot was taken.
    base: Map,
    log: Vec<Change>,
    savepoints: Vec<(Savepoint, usize)>,
    /// Queries with the number of changes that lay over them.
    queries: Vec<(Query, Vec<Change>)>,
}

struct Dice(SimEntropy);

impl Dice {
    fn below(&self, n: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % n as u64) as usize
    }

    fn pick<'a>(&self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn key(&self) -> String {
        format!(
            "{}{}",
            self.pick(&["", "A/", "a/", "a/b", "ü/"]),
            self.pick(&["0", "1", "B", "b", "\u{ffff}", "\u{10000}"])
        )
    }

    fn owner(&self) -> &'static str {
        self.pick(&["", "ann", "Bob", "éva"])
    }
}

fn changed(base: &Map, log: &[Change]) -> Map {
    let mut map = base.clone();
    for change in log {
        match change {
            Change::Put(item) | Change::AppendKept(item) => map.insert(item.id.clone(), item.clone()),
            Change::Delete(key) => map.remove(key),
        };
    }
    map
}

fn answer(map: &Map, query: &Query) -> Vec<Item> {
    let past = |item: &Item, after: &Option<String>| after.as_ref().is_none_or(|after| item.id > *after);
    match query {
        Query::Get(key) => map.get(key).cloned().into_iter().collect(),
        Query::Prefix(prefix, after, limit) => {
            let rows = map.values().filter(|item| item.id.starts_with(prefix) && past(item, after));
            rows.take(*limit).cloned().collect()
        }
        Query::Owner(owner, after, limit) => {
            let rows = map.values().filter(|item| item.owner.as_ref() == Some(owner) && past(item, after));
            rows.take(*limit).cloned().collect()
        }
    }
}

impl Actor {
    fn begin(catalog: &Catalog, committed: &Map) -> Self {
        let mut tx = catalog.begin().unwrap();
        // Takes the snapshot now, so that it is the map's present state.
        assert_eq!(tx.get::<Note>("none").unwrap(), None);
        Actor { tx, base: committed.clone(), log: vec![], savepoints: vec![], queries: vec![] }
    }

    fn step(&mut self, dice: &Dice, fresh: &mut usize) {
        let after = (dice.below(3) == 0).then(|| dice.key());
        let limit = dice.below(6);
        match dice.below(10) {
            0 | 1 => self.query(Query::Get(dice.key())),
            2 => self.query(Query::Prefix(dice.pick(&["", "A", "a/", "a/b", "ü"]).to_owned(), after, limit)),
            3 => self.query(Query::Owner(dice.pick(&["ann", "Bob", "éva"]).to_owned(), after, limit)),
            4..=6 => {
                let item = item(&dice.key(), dice.owner(), dice.below(100) as i64);
                self.tx.put(&item).unwrap();
                self.log.push(Change::Put(item));
            }
            7 => {
                let key = dice.key();
                self.tx.delete::<Item>(&key).unwrap();
                self.log.push(Change::Delete(key));
            }
            8 => {
                *fresh += 1;
                let item = item(&format!("fresh/{fresh}"), dice.owner(), 1);
                self.tx.append_kept(&item).unwrap();
                self.log.push(Change::AppendKept(item));
            }
            _ => match self.savepoints.pop().filter(|_| dice.below(2) == 0) {
                None => self.savepoints.push((self.tx.savepoint(), self.log.len())),
                Some((savepoint, mark)) => {
                    self.tx.rollback_to(savepoint);
                    let undone = self.log.split_off(mark);
                    self.log.extend(undone.into_iter().filter(|c| matches!(c, Change::AppendKept(_))));
                }
            },
        }
    }

    fn query(&mut self, query: Query) {
        let tx = &mut self.tx;
        let got: Vec<Item> = match &query {
            Query::Get(key) => tx.get(key).unwrap().into_iter().collect(),
            Query::Prefix(prefix, after, limit) => tx.scan(prefix, after.as_deref(), *limit).unwrap(),
            Query::Owner(owner, after, limit) => {
                tx.scan_index("owner", owner, after.as_deref(), *limit).unwrap()
            }
        };
        assert_eq!(got, answer(&changed(&self.base, &self.log), &query), "{query:?} over {:?}", self.log);
        self.queries.push((query, self.log.clone()));
    }

    /// Commits, and checks that it was right to succeed or to be refused.
    fn finish(self, committed: &mut Map) -> bool {
        let appends_only = self.log.iter().all(|change| matches!(change, Change::AppendKept(_)));
        if is_conflict(self.tx.commit()) {
            assert!(!appends_only, "appends alone never conflict");
            assert_ne!(self.base, *committed, "refused although nothing changed");
            return false;
        }
        if !appends_only {
            for (query, log) in &self.queries {
                let (then, now) = (changed(&self.base, log), changed(committed, log));
                assert_eq!(answer(&then, query), answer(&now, query), "committed on a stale read: {query:?}");
            }
        }
        *committed = changed(committed, &self.log);
        true
    }
}

fn dice() -> Dice {
    let mut seed = [0; 8];
    RealEntropy.fill(&mut seed);
    let seed = std::env::var("SEALVOL_SEED").map_or(u64::from_le_bytes(seed), |text| text.parse().unwrap());
    println!("SEALVOL_SEED={seed}");
    Dice(SimEntropy::new(seed))
}

fn check_all(catalog: &Catalog, committed: &Map) {
    let rows = catalog.begin().unwrap().scan::<Item>("", None, usize::MAX).unwrap();
    assert_eq!(rows, committed.values().cloned().collect::<Vec<_>>());
}

pub fn random_transactions_match_a_map(place: &Place) {
    let (catalog, dice) = (place.open(), dice());
    let (mut committed, mut fresh) = (Map::new(), 0);
    for _ in 0..150 {
        let mut actor = Actor::begin(&catalog, &committed);
        (0..dice.below(12)).for_each(|_| actor.step(&dice, &mut fresh));
        if dice.below(5) > 0 {
            assert!(actor.finish(&mut committed), "alone, so never refused");
        }
        check_all(&catalog, &committed);
    }
}

pub fn random_concurrent_transactions_are_serialisable(place: &Place) {
    let (catalog, dice) = (place.open(), dice());
    let (mut committed, mut fresh) = (Map::new(), 0);
    let mut outcomes = [0, 0];
    let mut actors: Vec<Actor> = vec![];
    for _ in 0..1500 {
        if actors.len() < 4 {
            actors.push(Actor::begin(&catalog, &committed));
        }
        let which = dice.below(actors.len());
        if dice.below(6) > 0 {
            actors[which].step(&dice, &mut fresh);
        } else {
            let won = actors.swap_remove(which).finish(&mut committed);
            outcomes[usize::from(won)] += 1;
            check_all(&catalog, &committed);
        }
    }
    assert!(outcomes.iter().all(|count| *count > 10), "refused and committed: {outcomes:?}");
}
