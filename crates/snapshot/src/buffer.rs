//! Memory for chunks that are read, which comes round again: half a MiB of fresh memory, which the kernel zeroes first, costs a read as
//! much as verifying it.
//!
//! What lies in it between two uses is what lies in the store: ciphertext, of an encrypted lineage. A buffer whose bytes somebody may
//! change (decrypt in place) or take away never comes back.

use parking_lot::Mutex;
use std::ops::Deref;
use std::sync::Arc;

/// Idle buffers kept: 16 MiB. As many as are under way while a volume is loaded and a guest reads it.
const IDLE_MAX: usize = 32;

/// Where buffers are between two uses.
#[derive(Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// One that was used before, if there is one. It holds anything.
    pub fn take(self: &Arc<Self>) -> Buffer {
        // The last one that came: it is likely in the processor's cache.
        let bytes = self.0.lock().pop().unwrap_or_default();
        Buffer { bytes, home: Some(self.clone()) }
    }

    /// What lies in them.
    #[cfg(test)]
    pub fn idle(&self) -> Vec<Vec<u8>> {
        self.0.lock().clone()
    }

    fn put(&self, bytes: Vec<u8>) {
        let mut idle = self.0.lock();
        if idle.len() < IDLE_MAX {
            idle.push(bytes);
        }
    }
}

/// Bytes that go back where they came from.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// `None`: it is freed.
    home: Option<Arc<Buffers>>,
}

impl Buffer {
    /// To be filled with what lies in the store.
    pub fn for_filling(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// To be changed. It does not come back.
    pub fn for_change(&mut self) -> &mut Vec<u8> {
        self.home = None;
        &mut self.bytes
    }

    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(self.for_change())
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Buffer {
        Buffer { bytes, home: None }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        self.bytes.clone().into()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.put(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_round_again_unless_it_was_to_be_changed_or_taken_away() {
        let buffers = Arc::new(Buffers::default());
        let idle = || buffers.idle().len();
        let filled = || {
            let mut buffer = buffers.take();
            buffer.for_filling().resize(4096, 7);
            buffer
        };
        let at = filled().as_ptr();
        assert_eq!((idle(), buffers.take().as_ptr()), (1, at), "the same memory");
        drop(filled().clone());
        assert_eq!(idle(), 1, "of the two only one is at home here");
        let mut changed = filled();
        changed.for_change().fill(1);
        drop(changed);
        assert_eq!(idle(), 0, "what was decrypted in it is not for others");
        assert_eq!(filled().into_vec(), [7; 4096]);
        assert_eq!(idle(), 0);
        let many: Vec<Buffer> = (0..2 * IDLE_MAX).map(|_| filled()).collect();
        drop(many);
        assert_eq!(idle(), IDLE_MAX);
    }
}
