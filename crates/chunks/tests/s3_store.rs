//! The suite on an S3 server: the one whose URL, `http://127.0.0.1:9000`, is in `SEALVOL_TEST_S3` (`cargo xtask test s3`
//! starts one). Each test has a prefix of its own in the bucket `sealvol`, which must be there, and empties it.
#![allow(clippy::unwrap_used, clippy::print_stderr)] // helpers of tests fail like tests

mod suite;

use chunks::{ChunkStore, ObjectName, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Prefixes of this run.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Empties the prefix of a test that ended.
struct Emptied(Arc<dyn ChunkStore>);

impl Drop for Emptied {
    fn drop(&mut self) {
        let mut names = Vec::new();
        let _ = self.0.list("", &mut |name| {
            names.push(name);
            Ok(())
        });
        names.iter().for_each(|name| drop(self.0.delete(name)));
    }
}

/// A store in the bucket, below `prefix`; `None` when no server is there to ask.
fn opened(bucket: &str, prefix: &str) -> Option<Arc<dyn ChunkStore>> {
    let Ok(endpoint) = std::env::var("SEALVOL_TEST_S3") else {
        eprintln!("skipped: SEALVOL_TEST_S3 names no S3 server");
        return None;
    };
    let url = format!("s3://{bucket}/{prefix}?endpoint={endpoint}&region=us-east-1");
    let keys = |name: &str| (name != "AWS_SESSION_TOKEN").then(|| "testing".to_owned());
    let files = Arc::new(env::SimFiles::new(1));
    Some(chunks::open(&url, files, "/unused".as_ref(), &keys).unwrap())
}

fn prefix() -> String {
    format!("run-{}/test-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn made() -> Option<(Arc<dyn ChunkStore>, Emptied)> {
    let store = opened("sealvol", &prefix())?;
    Some((store.clone(), Emptied(store)))
}

suite::all!(made);

#[test]
fn a_listing_of_more_than_one_page_is_whole() {
    let Some((store, _guard)) = made() else { return };
    let names: Vec<ObjectName> = (0..1003).map(|n| suite::name(&format!("r/s/c-{n:08x}-aa"))).collect();
    std::thread::scope(|scope| {
        for part in names.chunks(200) {
            let store = &store;
            scope.spawn(move || part.iter().for_each(|name| store.put(name, b"x").unwrap()));
        }
    });
    assert_eq!(suite::listed(&*store, "r/s/").len(), names.len());
}

#[test]
fn a_store_sees_only_what_is_below_its_prefix() {
    let prefix = prefix();
    let Some(inner) = opened("sealvol", &format!("{prefix}/chunks")) else { return };
    let Some(outer) = opened("sealvol", &prefix) else { return };
    let _guard = Emptied(outer.clone());
    outer.put(&suite::name("chunks-2/a"), b"beside").unwrap();
    outer.put(&suite::name("chunks/a"), b"inside").unwrap();
    assert_eq!(suite::listed(&*inner, "").into_iter().collect::<Vec<_>>(), ["a"]);
    assert_eq!(inner.get(&suite::name("a")).unwrap(), b"inside");
}

#[test]
fn a_bucket_that_is_not_there_is_refused_by_its_name_at_every_call() {
    let Some(store) = opened("not-there", "x") else { return };
    let name = suite::name("a");
    let failures =
        [store.probe(), store.put(&name, b"x"), store.get(&name).map(drop), store.list("", &mut |_| Ok(()))];
    for failure in failures {
        assert!(matches!(failure, Err(StoreError::Refused(why)) if why.contains("not-there")));
    }
}

#[test]
fn a_bucket_that_is_there_answers_the_probe() {
    let Some((store, _guard)) = made() else { return };
    store.probe().unwrap();
}
