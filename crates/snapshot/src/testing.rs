//! A chunk store in memory that can be told to fail, lose objects or flip bits; and a source made by hand. For tests, also those
//! of other crates.

use crate::{Chunk, ChunkSource, SnapshotError};
use chunks::{ChunkStore, ObjectName, StoreError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    objects: BTreeMap<ObjectName, Arc<Vec<u8>>>,
    /// Operations that still succeed; `None`: all.
    left: Option<u64>,
    counts: Counts,
}

/// What a store was asked, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub puts: u64,
    pub put_bytes: u64,
    pub gets: u64,
    pub deletes: u64,
    pub lists: u64,
}

impl Inside {
    fn step(&mut self) -> Result<(), StoreError> {
        match &mut self.left {
            Some(0) => Err(StoreError::Unavailable("told to fail".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl MemoryStore {
    pub fn new() -> Arc<MemoryStore> {
        Arc::default()
    }

    /// After `operations` more that succeed, all fail, as they do in a crash, until [`MemoryStore::heal`].
    pub fn fail_after(&self, operations: u64) {
        self.0.lock().left = Some(operations);
    }

    pub fn heal(&self) {
        self.0.lock().left = None;
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().objects.keys().map(|name| name.as_str().to_owned()).collect()
    }

    /// An object's bytes.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let name = ObjectName::parse(name)?;
        self.0.lock().objects.get(&name).map(|bytes| bytes.to_vec())
    }

    /// Puts bytes under a name, whatever is there; `None` takes the object away.
    pub fn set(&self, name: &str, bytes: Option<Vec<u8>>) {
        let Some(name) = ObjectName::parse(name) else { return };
        let mut inside = self.0.lock();
        match bytes {
            Some(bytes) => inside.objects.insert(name, Arc::new(bytes)),
            None => inside.objects.remove(&name),
        };
    }

    /// Flips the lowest bit of a byte of an object.
    pub fn flip(&self, name: &str, byte: usize) {
        let mut bytes = self.bytes(name).unwrap_or_default();
        if let Some(byte) = bytes.get_mut(byte) {
            *byte ^= 1;
        }
        self.set(name, Some(bytes));
    }

    pub fn counts(&self) -> Counts {
        self.0.lock().counts
    }

    /// Bytes of all objects.
    pub fn total_bytes(&self) -> u64 {
        self.0.lock().objects.values().map(|bytes| bytes.len() as u64).sum()
    }
}

impl ChunkStore for MemoryStore {
    /// Refuses other bytes under a name that is taken: objects never change.
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let object = Arc::new(bytes.to_vec());
        let mut inside = self.0.lock();
        inside.step()?;
        inside.counts.puts += 1;
        inside.counts.put_bytes += bytes.len() as u64;
        let known = inside.objects.entry(name.clone()).or_insert(object);
        if known.as_slice() == bytes { Ok(()) } else { Err(StoreError::Refused(format!("{name} is taken"))) }
    }

    fn get(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        let mut inside = self.0.lock();
        inside.step()?;
        inside.counts.gets += 1;
        let object = inside.objects.get(name).cloned();
        drop(inside);
        object.map(|bytes| bytes.to_vec()).ok_or_else(|| StoreError::NotFound(name.to_string()))
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let mut inside = self.0.lock();
        inside.step()?;
        inside.counts.deletes += 1;
        inside.objects.remove(name);
        Ok(())
    }

    fn list(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(ObjectName) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut inside = self.0.lock();
        inside.step()?;
        inside.counts.lists += 1;
        // Backwards: nobody may count on an order.
        let names: Vec<ObjectName> =
            inside.objects.keys().rev().filter(|name| name.as_str().starts_with(prefix)).cloned().collect();
        drop(inside);
        names.into_iter().try_for_each(each)
    }

    fn describe(&self) -> String {
        "memory:".into()
    }
}

/// A source made by hand: chunks by index. One that holds nothing is listed too, which removes it from a base.
#[derive(Clone, Default)]
pub struct Chunks {
    pub size_bytes: u64,
    pub chunks: BTreeMap<u32, Chunk>,
}

impl ChunkSource for Chunks {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        Ok(self.chunks.range(from..).take(max).map(|(index, _)| *index).collect())
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        Ok(self.chunks.get(&index).filter(|chunk| !chunk.is_empty()).cloned())
    }
}
