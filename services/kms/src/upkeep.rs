//! What KMS does by itself, in one round: keys whose window is over are destroyed, imported material that has expired too, and both
//! leave the database's files; keys rotate; the owners of keys that are to be deleted are told what depends on them. The program runs a round now and then and
//! once at its start; each part is safe to run at any time and twice.

use crate::{deletion, import, rotation, scrubbing};
use api::{Answer, Door};

/// Runs one round.
pub fn run(door: &Door) -> Answer<()> {
    deletion::destroy_due(door)?;
    import::expire_due(door)?;
    scrubbing::run(door)?;
    rotation::rotate_due(door)?;
    deletion::remind_due(door)?;
    Ok(())
}
