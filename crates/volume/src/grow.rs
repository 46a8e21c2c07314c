//! Making a volume larger while it is used.
//!
//! ```text
//!  1  every layer's map gets its new length, durably     a map that is longer than the superblock says is fine
//!  2  the superblock with the new size, durably          now it is larger
//!  3  the same in memory                                 requests may go there
//! ```

use crate::layer;
use crate::lifecycle::{SUPERBLOCK_FILE, read_superblock};
use crate::{Volume, VolumeError};
use std::sync::atomic::Ordering;

impl Volume {
    /// Gives the volume a larger size (a multiple of 4,096, at most 64 TiB); durable on return. The new bytes read as zeros. The
    /// same size is fine, a smaller one is [`VolumeError::BadSpec`]. Frozen snapshots keep their size.
    pub fn grow(&self, size_bytes: u64) -> Result<(), VolumeError> {
        // Nobody adds a layer meanwhile.
        let _record = self.record();
        let mut superblock = self.superblock.lock();
        if size_bytes == superblock.size_bytes {
            return Ok(());
        }
        if size_bytes < superblock.size_bytes {
            return Err(VolumeError::BadSpec("a volume cannot become smaller"));
        }
        let grown = superblock.grown(size_bytes)?;
        self.check_writable()?;
        let layers = self.gate.read().layers.clone();
        for layer in &layers {
            let map = layer.map.file();
            map.set_len(layer::map_bytes(size_bytes)).map_err(VolumeError::io("making the map longer"))?;
            // A flush beside us may have written to the map already, and would not be told of what this sync has lost.
            map.sync_data().map_err(|e| self.fail("syncing the map", &e))?;
        }
        if let Err(error) = self.files.write_durably(&self.dir.join(SUPERBLOCK_FILE), &grown.encode()) {
            return Err(match read_superblock(&self.files, &self.dir) {
                Ok(found) if found == *superblock => VolumeError::io("writing the superblock")(error),
                _ => self.fail("writing the superblock", &error),
            });
        }
        *superblock = grown;
        layers.iter().for_each(|layer| layer.map.grow(size_bytes));
        self.size_bytes.store(size_bytes, Ordering::Release);
        Ok(())
    }
}
