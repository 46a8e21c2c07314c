//! Random lives of a lineage against a model: snapshots are stored whole or over any earlier one, deleted in any order; after
//! each step everything reads as the model says and the store holds exactly what is needed.

use super::*;
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Step {
    /// Writes (a value) or forgets (none) a range of chunks.
    Write {
        first: u32,
        count: u32,
        value: Option<u8>,
    },
    /// Stores the volume, over the live snapshot chosen (`None`: whole), with so many threads.
    Store {
        base: Option<prop::sample::Index>,
        threads: usize,
    },
    /// The same by blocks put one by one.
    Assemble {
        base: Option<prop::sample::Index>,
    },
    Delete(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let write = (0u32..2100, 1u32..40, prop::option::weighted(0.8, 1u8..5));
    let base = || prop::option::weighted(0.8, any::<prop::sample::Index>());
    prop_oneof![
        4 => write.prop_map(|(first, count, value)| Step::Write { first, count, value }),
        3 => (base(), 1usize..4).prop_map(|(base, threads)| Step::Store { base, threads }),
        1 => base().prop_map(|base| Step::Assemble { base }),
        2 => any::<prop::sample::Index>().prop_map(Step::Delete),
    ]
}

struct World {
    store: Arc<MemoryStore>,
    snapshots: Snapshots,
    volume: Model,
    live: Vec<(SnapshotRef, Model)>,
    made: usize,
}

impl World {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Write { first, count, value } => {
                for index in *first..(first + count).min(2100) {
                    match value {
                        Some(value) => self.volume.insert(index, *value),
                        None => self.volume.remove(&index),
                    };
                }
            }
            Step::Store { base, threads } => self.store(base.as_ref(), *threads),
            Step::Assemble { base } => self.assemble(base.as_ref()),
            Step::Delete(_) if self.live.is_empty() => {}
            Step::Delete(which) => self.delete(which.index(self.live.len())),
        }
    }

    fn base(&self, base: Option<&prop::sample::Index>) -> Option<(Arc<Reader>, Model)> {
        let (at, model) = base.filter(|_| !self.live.is_empty()).map(|base| base.get(&self.live))?;
        Some((self.snapshots.open(at).unwrap(), model.clone()))
    }

    fn next_spec(&mut self) -> StoreSpec {
        self.made += 1;
        spec(&format!("snap-{}", self.made))
    }

    fn store(&mut self, base: Option<&prop::sample::Index>, threads: usize) {
        let (spec, base) = (self.next_spec(), self.base(base));
        let old = base.as_ref().map_or(Model::new(), |(_, model)| model.clone());
        let mut source = difference(SIZE, &old, &self.volume);
        let changed = source.chunks.values().filter(|chunk| !chunk.is_empty()).count() as u64;
        // Some are listed though they did not change: overwritten with the same bytes, or never written at all.
        for index in (0..2100).step_by(7) {
            let same = self.volume.get(&index).map_or(Chunk::empty(), |value| chunk(index, *value));
            source.chunks.entry(index).or_insert(same);
        }
        let reader = base.as_ref().map(|(reader, _)| &**reader);
        let stored = self.snapshots.store(&spec, reader, &source, &Control::silent(threads)).unwrap();
        assert_eq!((stored.chunks, stored.written_chunks), (self.volume.len() as u64, changed));
        assert!(
            stored.written_bytes == changed * (32 + 3 * 4096) && stored.sent_bytes > stored.written_bytes
        );
        self.live.push((stored.at, self.volume.clone()));
    }

    /// Blocks cannot be forgotten, so what the base holds more stays.
    fn assemble(&mut self, base: Option<&prop::sample::Index>) {
        let (spec, base) = (self.next_spec(), self.base(base));
        let mut model = base.as_ref().map_or(Model::new(), |(_, model)| model.clone());
        let mut put = Vec::new();
        for (index, value) in self.volume.iter().step_by(3) {
            // First another block, which is then replaced and must not stay.
            let first = chunk(*index, value + 10);
            self.snapshots.put_chunk(REGION, &spec.snapshot, *index, &first).unwrap();
            let chunk = chunk(*index, *value);
            let hash = self.snapshots.put_chunk(REGION, &spec.snapshot, *index, &chunk).unwrap();
            assert!(self.snapshots.get_chunk(REGION, &spec.snapshot, *index, hash).unwrap() == chunk);
            put.push((*index, hash));
            model.insert(*index, *value);
        }
        let mut chunks = |from, max| {
            Ok(put.iter().copied().filter(|(index, _)| *index >= from).take(max).collect::<Vec<_>>())
        };
        let reader = base.as_ref().map(|(reader, _)| &**reader);
        let stored = self.snapshots.assemble(&spec, reader, &mut chunks, &Control::silent(2)).unwrap();
        assert_eq!((stored.chunks, stored.written_chunks), (model.len() as u64, put.len() as u64));
        self.live.push((stored.at, model));
    }

    fn delete(&mut self, which: usize) {
        let (deleted, _) = self.live.remove(which);
        let live: Vec<SnapshotRef> = self.live.iter().map(|(at, _)| at.clone()).collect();
        let before = self.store.names().len() as u64;
        let collected = self.snapshots.collect(&deleted, &live, &Control::silent(2)).unwrap();
        let removed = collected.chunks + collected.pages + collected.manifests;
        assert_eq!((before - self.store.names().len() as u64, collected.unknown_pages), (removed, 0));
        let again = self.snapshots.collect(&deleted, &live, &Control::silent(2)).unwrap();
        assert_eq!(again, Collected::default());
    }

    fn check(&self) {
        let readers: Vec<_> = self.live.iter().map(|(at, _)| self.snapshots.open(at).unwrap()).collect();
        for (reader, (_, model)) in readers.iter().zip(&self.live) {
            assert_reads(reader, model);
        }
        for (one, (_, old)) in readers.iter().zip(&self.live) {
            for (two, (_, new)) in readers.iter().zip(&self.live) {
                let indices: BTreeSet<u32> = old.keys().chain(new.keys()).copied().collect();
                let differ = indices.into_iter().filter(|index| old.get(index) != new.get(index));
                let expected: Vec<Changed> = differ
                    .map(|index| Changed {
                        index,
                        first: old.contains_key(&index),
                        second: new.contains_key(&index),
                    })
                    .collect();
                assert_eq!(in_pieces(one, two, 17), expected);
                assert_eq!(changed(Some(one), two, 0, usize::MAX).unwrap(), expected);
            }
        }
        assert_exact(&self.store);
    }
}

fn in_pieces(one: &Reader, two: &Reader, max: usize) -> Vec<Changed> {
    let mut all: Vec<Changed> = Vec::new();
    loop {
        let from = all.last().map_or(0, |last| last.index + 1);
        let piece = changed(Some(one), two, from, max).unwrap();
        let last = piece.len() < max;
        all.extend(piece);
        if last {
            return all;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_lineage_lives_as_its_model_says(steps in prop::collection::vec(step(), 1..30)) {
        let store = MemoryStore::new();
        let snapshots = Snapshots::new(store.clone());
        let mut world = World { store, snapshots, volume: Model::new(), live: Vec::new(), made: 0 };
        for step in &steps {
            world.step(step);
            if !matches!(step, Step::Write { .. }) {
                world.check();
            }
        }
        while !world.live.is_empty() {
            world.delete(0);
            world.check();
        }
        prop_assert!(world.store.names().is_empty());
    }
}

#[test]
fn a_copy_to_another_region_takes_over_changes_only() {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let control = Control::silent(2);
    let old: Model = (0..2100).step_by(5).map(|index| (index, 1)).collect();
    let mut new = old.clone();
    new.insert(3, 2);
    new.remove(&1500);
    let here: Vec<Arc<Reader>> = [("snap-1", &old), ("snap-2", &new)]
        .map(|(id, model)| snapshots.store(&spec(id), None, &source(SIZE, model), &control).unwrap())
        .iter()
        .map(|stored| snapshots.open(&stored.at).unwrap())
        .collect();
    let there = |id: &str| StoreSpec { region: "eu-west-1".into(), ..spec(id) };
    let copy = snapshots.store(&there("snap-3"), None, &*here[0], &control).unwrap();
    let copy = snapshots.open(&copy.at).unwrap();
    let changes = Changes::new(here[0].clone(), here[1].clone());
    let before = store.counts().put_bytes;
    let second = snapshots.store(&there("snap-4"), Some(&copy), &changes, &control).unwrap();
    assert_eq!(second.written_chunks, 1);
    assert_eq!(store.counts().put_bytes - before, second.sent_bytes);
    assert_reads(&snapshots.open(&second.at).unwrap(), &new);
    assert_exact(&store);
}

#[test]
fn a_volume_that_grew_is_stored_over_the_smaller_one() {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let control = Control::silent(2);
    let small = Model::from([(2099, 1)]);
    let first = snapshots.store(&spec("snap-1"), None, &source(SIZE, &small), &control).unwrap();
    let first = snapshots.open(&first.at).unwrap();
    let mut large = small.clone();
    large.extend([(2100, 2), (5000, 3)]);
    let grown = StoreSpec { size_bytes: SIZE * 3, ..spec("snap-2") };
    let changes = difference(SIZE * 3, &small, &large);
    let second = snapshots.store(&grown, Some(&first), &changes, &control).unwrap();
    assert_reads(&snapshots.open(&second.at).unwrap(), &large);
    // The smaller one can go though the larger one's page names chunks outside it.
    snapshots.collect(first.at(), &[second.at], &control).unwrap();
    assert_exact(&store);
}

#[test]
fn what_was_listed_but_did_not_change_is_not_stored_again() {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let control = Control::silent(2);
    let model = Model::from([(0, 1), (1030, 1)]);
    let first = snapshots.store(&spec("snap-1"), None, &source(SIZE, &model), &control).unwrap();
    let first = snapshots.open(&first.at).unwrap();
    let mut same = source(SIZE, &model);
    same.chunks.insert(7, Chunk::empty());
    let second = snapshots.store(&spec("snap-2"), Some(&first), &same, &control).unwrap();
    let manifest = store.bytes("us-east-1/snap-2/manifest").unwrap();
    assert_eq!((second.written_chunks, second.sent_bytes), (0, manifest.len() as u64));
    assert_reads(&snapshots.open(&second.at).unwrap(), &model);
}

#[test]
fn equal_pages_of_two_writers_are_two_objects() {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let control = Control::silent(1);
    // A chunk comes with the second snapshot and goes with the third, whose page is then like the first's.
    let models = [Model::from([(0, 1)]), Model::from([(0, 1), (1, 1)]), Model::from([(0, 1)])];
    let (mut base, mut old, mut made): (Option<Arc<Reader>>, _, _) = (None, Model::new(), Vec::new());
    for (n, model) in models.iter().enumerate() {
        let changes = difference(SIZE, &old, model);
        let stored =
            snapshots.store(&spec(&format!("snap-{n}")), base.as_deref(), &changes, &control).unwrap();
        made.push(stored.at.clone());
        (base, old) = (Some(snapshots.open(&stored.at).unwrap()), model.clone());
    }
    assert_exact(&store);
    for n in [2, 1] {
        snapshots.collect(&made[n], &made[..n], &control).unwrap();
        assert_exact(&store);
    }
    assert_reads(&snapshots.open(&made[0]).unwrap(), &models[0]);
}
