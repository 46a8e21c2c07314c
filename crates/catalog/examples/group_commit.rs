//! Measures durable transactions per second with 1, 8 and 64 threads, and how one hot row fares. Run by hand:
//! `cargo run --release -p sealvol-catalog --example group_commit -- sqlite:/path/on/the/disk/to/measure.db`
// A measuring tool prints and reads the clock.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)]

use catalog::{Catalog, CatalogError, Row, Table};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_secs(3);

/// 400 bytes and one index, as in the figures of SPECIFICATION.md.
#[derive(Clone, Serialize, Deserialize)]
struct Sample {
    id: String,
    n: u64,
    text: String,
}

impl Row for Sample {
    const TABLE: Table = Table { name: "samples", indexes: &["owner"] };
    fn key(&self) -> String {
        self.id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(format!("owner-{}", self.n % 100))]
    }
}

fn sample(id: String, n: u64) -> Sample {
    Sample { id, n, text: "x".repeat(340) }
}

/// Runs `work(thread, round)` on so many threads for a while; prints what was committed.
fn measure(
    catalog: &Catalog,
    name: &str,
    threads: usize,
    work: impl Fn(usize, u64) -> Result<(), CatalogError> + Sync,
) {
    let before = catalog.stats();
    let failed = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (work, failed) = (&work, &failed);
            scope.spawn(move || {
                let rounds = (0..).take_while(|_| start.elapsed() < FOR);
                rounds.for_each(|round| {
                    failed.fetch_add(u64::from(work(thread, round).is_err()), Ordering::Relaxed);
                });
            });
        }
    });
    let (seconds, after) = (start.elapsed().as_secs_f64(), catalog.stats());
    println!(
        "{name:<28} {threads:>3} threads: {:>8.0} transactions/s in {:>6.0} commits/s, {} conflicts, {} failed",
        (after.committed - before.committed) as f64 / seconds,
        (after.durable_commits - before.durable_commits) as f64 / seconds,
        after.conflicts - before.conflicts,
        failed.load(Ordering::Relaxed),
    );
}

fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite:group_commit.db".to_owned());
    let catalog = Catalog::open(&url, &[Sample::TABLE], Arc::new(env::RealClock::default())).unwrap();
    println!("{url}, {} s each", FOR.as_secs());
    for threads in [1, 8, 64] {
        measure(&catalog, "append", threads, |thread, round| {
            let mut tx = catalog.begin()?;
            tx.append(&sample(format!("append/{threads}/{thread}/{round:08}"), round))?;
            tx.commit()
        });
    }
    for threads in [1, 8, 64] {
        // What an API action does: read its resource, look for siblings, change it, append a trail record.
        measure(&catalog, "get, scan, put, append", threads, |thread, round| {
            catalog.transact(|tx| {
                let key = format!("row/{threads}/{thread}/");
                let n = tx.get::<Sample>(&key)?.map_or(0, |row| row.n);
                tx.scan::<Sample>(&key, None, 10)?;
                tx.put(&sample(key, n + 1))?;
                tx.append(&sample(format!("trail/{threads}/{thread}/{round:08}"), n))
            })
        });
    }
    for threads in [8, 64] {
        measure(&catalog, "one hot row", threads, |_, _| {
            catalog.transact(|tx| {
                let n = tx.get::<Sample>("hot")?.map_or(0, |row| row.n);
                tx.put(&sample("hot".to_owned(), n + 1))
            })
        });
    }
}
