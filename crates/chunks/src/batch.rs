//! Many objects at the price of few syncs: for who publishes a list of them at the end.

use crate::{ChunkStore, ObjectName, StoreError};

/// Objects being stored together. May be used by several threads. Dropped before it is settled, each object is there whole or
/// not at all.
pub trait Batch: Send + Sync {
    /// As [`ChunkStore::put`], but durable only when [`Batch::settle`] has returned, and perhaps not to be seen before.
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError>;

    /// An object that was found in the store: it is to be durable, too. Who stored it may have crashed before that was sure.
    fn keep(&self, name: &ObjectName) -> Result<(), StoreError>;

    /// Makes everything durable that was put or kept before this call by calls that have returned. After an error nothing is
    /// sure, and the batch is to be begun again.
    fn settle(&self) -> Result<(), StoreError>;
}

/// For stores whose every put is durable, and what is listed, too.
pub(crate) struct OneByOne<'a, S: ?Sized>(pub &'a S);

impl<S: ChunkStore + ?Sized> Batch for OneByOne<'_, S> {
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.put(name, bytes)
    }

    fn keep(&self, _: &ObjectName) -> Result<(), StoreError> {
        Ok(())
    }

    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
