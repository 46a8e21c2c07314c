//! What every chunk store must do. `suite::all!(make)` makes a test of each; `make` gives an empty store and what must live
//! as long as it.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail like tests

use chunks::{ChunkStore, ObjectName, StoreError};
use std::collections::BTreeSet;

macro_rules! all {
    ($make:expr) => {
        $crate::suite::all!($make;
            what_is_put_is_got_whole,
            bytes_of_every_length_come_back,
            what_was_never_put_is_not_found,
            a_directory_is_not_an_object,
            putting_again_replaces_and_repeats,
            a_batch_is_there_once_it_is_settled,
            deleting_takes_one_and_deleting_nothing_is_fine,
            a_listing_gives_each_name_under_the_prefix_once,
            a_listing_ends_when_told,
            a_prefix_that_splits_a_segment_is_refused,
            threads_put_get_list_and_delete_at_once,
        );
    };
    ($make:expr; $($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            let Some((store, _guard)) = $make() else { return };
            $crate::suite::$name(&*store);
        })*
    };
}
pub(crate) use all;

pub fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

fn chunk(index: u32) -> ObjectName {
    name(&format!("us-east-1/snap-01/c-{index:08x}-9c1e"))
}

pub fn listed(store: &dyn ChunkStore, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let each = &mut |name: ObjectName| {
        assert!(names.insert(name.to_string()), "{name} was listed twice");
        Ok(())
    };
    store.list(prefix, each).unwrap();
    names
}

fn is_absent(store: &dyn ChunkStore, wanted: &ObjectName) -> bool {
    match store.get(wanted) {
        Err(StoreError::NotFound(text)) => text == wanted.as_str(),
        _ => false,
    }
}

pub fn a_batch_is_there_once_it_is_settled(store: &dyn ChunkStore) {
    store.put(&chunk(100), b"before").unwrap();
    let batch = store.batch();
    for index in 0..40 {
        batch.put(&chunk(index), &[index as u8; 3000]).unwrap();
    }
    batch.keep(&chunk(100)).unwrap();
    batch.settle().unwrap();
    // A batch goes on after it was settled, and an empty one is fine.
    batch.put(&chunk(41), b"after").unwrap();
    batch.settle().unwrap();
    batch.settle().unwrap();
    drop(batch);
    for index in 0..40 {
        assert_eq!(store.get(&chunk(index)).unwrap(), [index as u8; 3000]);
    }
    assert_eq!(store.get(&chunk(41)).unwrap(), b"after");
    assert_eq!(store.get(&chunk(100)).unwrap(), b"before");
    assert_eq!(listed(store, "").len(), 42);
}

pub fn what_is_put_is_got_whole(store: &dyn ChunkStore) {
    let bytes: Vec<u8> = (0..512 * 1024).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    store.put(&chunk(1), &bytes).unwrap();
    store.put(&name("us-east-1/snap-01/manifest"), b"head").unwrap();
    assert!(store.get(&chunk(1)).unwrap() == bytes);
    assert_eq!(store.get(&name("us-east-1/snap-01/manifest")).unwrap(), b"head");
}

pub fn bytes_of_every_length_come_back(store: &dyn ChunkStore) {
    let lengths = [0, 1, 511, 4096, 70_001];
    for len in lengths {
        store.put(&chunk(len), &vec![7; len as usize]).unwrap();
        assert_eq!(store.get(&chunk(len)).unwrap(), vec![7; len as usize]);
    }
    // Into memory that held more, or less, of something else.
    let mut used = vec![9; 5000];
    for len in lengths.into_iter().rev().chain(lengths) {
        store.get_into(&chunk(len), &mut used).unwrap();
        assert_eq!(used, vec![7; len as usize]);
    }
}

pub fn what_was_never_put_is_not_found(store: &dyn ChunkStore) {
    assert!(is_absent(store, &chunk(1)));
    store.put(&chunk(1), b"x").unwrap();
    assert!(is_absent(store, &chunk(2)) && is_absent(store, &name("us-east-1/snap-01/c-00000001")));
}

pub fn a_directory_is_not_an_object(store: &dyn ChunkStore) {
    store.put(&name("a/b/c"), b"x").unwrap();
    for absent in ["a", "a/b", "a/b/c/d"] {
        assert!(is_absent(store, &name(absent)), "{absent}");
        store.delete(&name(absent)).unwrap();
    }
    assert_eq!(store.get(&name("a/b/c")).unwrap(), b"x");
}

pub fn putting_again_replaces_and_repeats(store: &dyn ChunkStore) {
    for bytes in [&b"first"[..], b"first", b"a longer one", b""] {
        store.put(&chunk(9), bytes).unwrap();
        assert_eq!(store.get(&chunk(9)).unwrap(), bytes);
    }
    assert_eq!(listed(store, "").len(), 1);
}

pub fn deleting_takes_one_and_deleting_nothing_is_fine(store: &dyn ChunkStore) {
    store.delete(&chunk(1)).unwrap();
    store.put(&chunk(1), b"one").unwrap();
    store.put(&chunk(2), b"two").unwrap();
    store.delete(&chunk(1)).unwrap();
    store.delete(&chunk(1)).unwrap();
    assert!(is_absent(store, &chunk(1)));
    assert_eq!(store.get(&chunk(2)).unwrap(), b"two");
    store.delete(&chunk(2)).unwrap();
    assert!(listed(store, "").is_empty());
    store.put(&chunk(1), b"again").unwrap();
    assert_eq!(store.get(&chunk(1)).unwrap(), b"again");
}

pub fn a_listing_gives_each_name_under_the_prefix_once(store: &dyn ChunkStore) {
    assert!(listed(store, "").is_empty() && listed(store, "us-east-1/").is_empty());
    let names = [
        "a",
        "us-east-1/snap-01/manifest",
        "us-east-1/snap-01/c-00000001-aa",
        "us-east-1/snap-01/c-00001001-aa",
        "us-east-1/snap-01/p-00000001-aa",
        "us-east-1/snap-010/manifest",
        "us-west-2/snap-01/manifest",
    ];
    for one in names {
        store.put(&name(one), b"x").unwrap();
    }
    for prefix in ["", "us-east-1/", "us-east-1/snap-01/", "us-east-1/snap-010/", "us-west-2/", "nowhere/"] {
        let expected: BTreeSet<String> =
            names.iter().filter(|n| n.starts_with(prefix)).map(|n| n.to_string()).collect();
        assert_eq!(listed(store, prefix), expected, "under {prefix:?}");
    }
}

pub fn a_listing_ends_when_told(store: &dyn ChunkStore) {
    for index in 0..5 {
        store.put(&chunk(index), b"x").unwrap();
    }
    let mut seen = 0;
    let each = &mut |_| {
        seen += 1;
        if seen == 2 { Err(StoreError::Refused("enough".to_owned())) } else { Ok(()) }
    };
    assert!(matches!(store.list("", each), Err(StoreError::Refused(why)) if why == "enough"));
    assert_eq!(seen, 2);
}

pub fn a_prefix_that_splits_a_segment_is_refused(store: &dyn ChunkStore) {
    for bad in ["us", "/", "us-east-1/snap", "..", "../", "us-east-1//"] {
        assert!(matches!(store.list(bad, &mut |_| Ok(())), Err(StoreError::Refused(_))), "{bad}");
    }
}

pub fn threads_put_get_list_and_delete_at_once(store: &dyn ChunkStore) {
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            scope.spawn(move || {
                for round in 0..6u32 {
                    // Each thread empties its directory all the time; all of them share one above it.
                    let own = name(&format!("us-east-1/snap-01/t-{thread:07x}0-{round}"));
                    let shared = name("us-east-1/snap-02/c-00000000-aa");
                    store.put(&own, own.as_str().as_bytes()).unwrap();
                    store.put(&shared, b"shared").unwrap();
                    assert_eq!(store.get(&own).unwrap(), own.as_str().as_bytes());
                    assert!(listed(store, "us-east-1/").contains(own.as_str()));
                    store.delete(&own).unwrap();
                    assert!(is_absent(store, &own));
                    store.delete(&shared).unwrap();
                }
            });
        }
    });
    assert!(listed(store, "").is_empty());
}
