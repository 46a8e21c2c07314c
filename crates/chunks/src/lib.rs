//! Where snapshots are kept: immutable objects with names, on local files or in an S3-compatible object store. One trait,
//! one suite run on every store. Knows nothing of what is in the objects; everything in them is ciphertext already (or
//! belongs to an unencrypted snapshot).

mod batch;
mod error;
mod file_store;
mod name;
mod open;
mod s3_store;
mod s3_url;

pub use batch::Batch;
pub use error::StoreError;
pub use file_store::FileStore;
pub use name::ObjectName;
pub use open::open;
pub use s3_store::S3Store;

/// A store of immutable objects. All methods may be called from any number of threads and may block.
pub trait ChunkStore: Send + Sync + 'static {
    /// Stores an object; durable on return. Storing the same name again with the same bytes is fine.
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError>;

    /// Begins to store many objects of which none need be durable before all are.
    fn batch(&self) -> Box<dyn Batch + '_> {
        Box::new(batch::OneByOne(self))
    }

    /// The whole object. [`StoreError::NotFound`] if there is none of this name.
    fn get(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError>;

    /// The same into memory that was used before, where that saves anything; what was in it is lost, on an error, too.
    fn get_into(&self, name: &ObjectName, into: &mut Vec<u8>) -> Result<(), StoreError> {
        *into = self.get(name)?;
        Ok(())
    }

    /// Removes an object; fine if it is gone. Done on return, but not durably: after a power loss it may be back.
    fn delete(&self, name: &ObjectName) -> Result<(), StoreError>;

    /// The names that begin with `prefix` (which ends in `/` or is empty), in no order, handed over one by one so that a
    /// listing needs no memory for all. `each` may end the listing by an error.
    fn list(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(ObjectName) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Makes durable what a listing of `prefix` shows: an object may be seen that a put had not finished when it failed or its
    /// process ended. Nothing to do where what is seen is durable.
    fn settle(&self, prefix: &str) -> Result<(), StoreError> {
        let _ = prefix;
        Ok(())
    }

    /// How many threads at a time gain anything: as many as hide the waits for a network.
    fn at_once(&self) -> usize {
        8
    }

    /// Whether the store can be used at all, asked once when a server starts: so that a mistyped bucket is known before the
    /// first snapshot fails.
    fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The store for people, without credentials: `file:/var/lib/sealvol/chunks`, `s3://bucket/prefix`.
    fn describe(&self) -> String;
}
