//! Fills a catalog with rows of volumes for `bench/pages.py`: copies of a volume that the API made, under fresh ids, without files
//! and jobs. Making 100,000 real volumes makes as many directories, which is not what the bench asks about. The server must not
//! be running: `fill_volumes DATA/catalog.sqlite 100000`.
// A tool of a bench, run by hand: it may fail loudly.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use catalog::{Catalog, CatalogError};
use ec2::rows::{TABLES, Volume};
use env::Env;

/// Rows per transaction.
const BATCH: usize = 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, wanted] = &arguments[..] else { panic!("usage: fill_volumes CATALOG VOLUMES") };
    let wanted: usize = wanted.parse().unwrap();
    let env = Env::real();
    let catalog = Catalog::open(&format!("sqlite:{path}"), TABLES, env.clock.clone()).unwrap();
    let found = catalog.begin().unwrap().scan::<Volume>("", None, usize::MAX).unwrap();
    let model = found.first().expect("one volume, made by the API").clone();
    let mut missing = wanted.saturating_sub(found.len());
    while missing > 0 {
        let batch = missing.min(BATCH);
        catalog
            .transact(|tx| {
                for _ in 0..batch {
                    tx.append(&Volume { id: env.ids.resource("vol"), ..model.clone() })?;
                }
                Ok::<_, CatalogError>(())
            })
            .unwrap();
        missing -= batch;
    }
    println!("{wanted} volumes");
}
