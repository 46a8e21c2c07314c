//! Working sets for requests: cipher contexts and one unit of scratch space, kept and reused so that a request neither
//! expands a key nor allocates.

use crate::VolumeError;

use crate::geometry::UNIT;
use cipher::UnitCipher;
use keys::DataKey;
use parking_lot::Mutex;

/// Idle lanes kept. More requests at a time than this pay for a lane of their own; an export has at most 64
/// connections and each runs one request at a time.
const IDLE_MAX: usize = 64;

/// What one request needs while it runs.
pub(crate) struct Lane {
    /// `None` on an unencrypted volume.
    pub cipher: Option<UnitCipher>,
    /// For units that a request touches in part.
    pub scratch: [u8; UNIT],
}

/// The lanes of a volume, and the data key they are made from (in locked memory until the volume is dropped).
pub(crate) struct Lanes {
    key: Option<DataKey>,
    #[allow(clippy::vec_box)] // moved in and out all the time; a lane is 4 KiB
    idle: Mutex<Vec<Box<Lane>>>,
}

impl Lanes {
    /// Makes the first lane at once, so that a key the cipher refuses is refused now.
    pub fn new(key: Option<DataKey>) -> Result<Lanes, VolumeError> {
        let lanes = Lanes { key, idle: Mutex::new(Vec::with_capacity(IDLE_MAX)) };
        lanes.with(|_| Ok(()))?;
        Ok(lanes)
    }

    /// Runs `work` with a lane of its own.
    pub fn with<T>(&self, work: impl FnOnce(&mut Lane) -> Result<T, VolumeError>) -> Result<T, VolumeError> {
        let idle = self.idle.lock().pop();
        let mut lane = match idle {
            Some(lane) => lane,
            None => {
                let cipher = self.key.as_ref().map(UnitCipher::new).transpose()?;
                Box::new(Lane { cipher, scratch: [0; UNIT] })
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
