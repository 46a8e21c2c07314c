//! Working sets for requests: cipher contexts and one unit of scratch space, kept and reused so that a request neither
//! expands a key nor allocates.

use crate::VolumeError;

use crate::coder::Coder;
use crate::geometry::UNIT;
use cipher::{Tagger, UnitCipher};
use keys::DataKey;
use parking_lot::Mutex;
use std::sync::Arc;

/// Idle lanes kept. More requests at a time than this pay for a lane of their own; an export has at most 64
/// connections and each runs one request at a time.
const IDLE_MAX: usize = 64;

/// What one request needs while it runs.
pub(crate) struct Lane {
    pub coder: Coder,
    /// For units that a request touches in part.
    pub scratch: [u8; UNIT],
}

/// The lanes of a volume, and the data key they are made from (in locked memory until the volume is dropped).
pub(crate) struct Lanes {
    key: Option<DataKey>,
    /// On a volume with integrity.
    tagger: Option<Arc<Tagger>>,
    #[allow(clippy::vec_box)] // moved in and out all the time; a lane is 4 KiB
    idle: Mutex<Vec<Box<Lane>>>,
}

impl Lanes {
    /// Makes the first lane at once, so that a key the cipher refuses is refused now.
    pub fn new(key: Option<DataKey>, tagger: Option<Arc<Tagger>>) -> Result<Lanes, VolumeError> {
        let lanes = Lanes { key, tagger, idle: Mutex::new(Vec::with_capacity(IDLE_MAX)) };
        lanes.with(|_| Ok(()))?;
        Ok(lanes)
    }

    /// What makes tags.
    pub fn tagger(&self) -> Option<&Tagger> {
        self.tagger.as_deref()
    }

    /// Runs `work` with a lane of its own.
    pub fn with<T>(&self, work: impl FnOnce(&mut Lane) -> Result<T, VolumeError>) -> Result<T, VolumeError> {
        let idle = self.idle.lock().pop();
        let mut lane = match idle {
            Some(lane) => lane,
            None => {
                let cipher = self.key.as_ref().map(UnitCipher::new).transpose()?;
                let coder = Coder::new(cipher, self.tagger.clone());
                Box::new(Lane { coder, scratch: [0; UNIT] })
            }
        };
        let result = work(&mut lane);
        let mut idle = self.idle.lock();
        if idle.len() < IDLE_MAX {
            idle.push(lane);
        }
        result
    }
}
