//! Importing key material: the token that carries the wrapping key's private half, and the end of material that expires.
//!
//! ```text
//!   import token   offset  bytes  field
//!                       0      3  magic "SVI"
//!                       3      1  version, 1
//!                       4      8  end of its validity, milliseconds since 1970, big-endian
//!                      12      1  wrapping algorithm: its place in `WrappingAlgorithm::ALL`
//!                      13      s  private key, sealed; bound to account, Region, key, algorithm and end
//! ```
//! Nothing is stored for a token: whoever sends it back within its 24 hours brings everything that is needed, and nobody but the
//! seal can open or change it. Source: KMS API Reference, GetParametersForImport and ImportKeyMaterial.

use crate::rows::{Key, KeyMaterial};
use crate::service_events::{self, ServiceEvent};
use crate::{SealHandle, material, scrubbing};
use api::{Answer, Cx, Door, Failure};
use base::{Fault, Refusal, Timestamp};
use catalog::Row;
use keys::import::WrappingAlgorithm;
use keys::{Purpose, Secret};
use rules::key_state;
use serde_json::json;
use std::time::Duration;

/// How long a token and its wrapping key are good.
pub const TOKEN_VALID: Duration = Duration::from_secs(24 * 3600);

const MAGIC_AND_VERSION: &[u8; 4] = b"SVI\x01";
/// Materials read at a time.
const BATCH: usize = 200;

/// What a good token says.
pub struct Opened {
    pub algorithm: WrappingAlgorithm,
    /// PKCS#8 DER
    pub private: Secret,
}

/// Makes the token of a wrapping key.
pub fn token(
    cx: &mut Cx,
    key: &Key,
    algorithm: WrappingAlgorithm,
    private: &Secret,
    expires: Timestamp,
) -> Answer<Vec<u8>> {
    let sealed = cx
        .dependency::<SealHandle>()?
        .0
        .wrap(Purpose::ImportToken, &token_id(key, algorithm, expires), private)
        .map_err(|e| Fault::caused("sealing a wrapping key", e))?;
    let number = WrappingAlgorithm::ALL.iter().position(|known| *known == algorithm).unwrap_or_default();
    let mut token = MAGIC_AND_VERSION.to_vec();
    token.extend_from_slice(&expires.millis().to_be_bytes());
    token.push(u8::try_from(number).unwrap_or(u8::MAX));
    token.extend_from_slice(&sealed);
    Ok(token)
}

/// Opens a token that was made for this key and is still good.
pub fn open_token(cx: &mut Cx, key: &Key, token: &[u8]) -> Answer<Opened> {
    let (expires, algorithm, sealed) = parts(token).ok_or_else(|| invalid("it is not one of this server"))?;
    let private = cx
        .dependency::<SealHandle>()?
        .0
        .unwrap(Purpose::ImportToken, &token_id(key, algorithm, expires), sealed)
        .map_err(|_| invalid("it is damaged, or was made for another key"))?;
    if expires <= cx.now() {
        return Err(Refusal::new("ExpiredImportTokenException", "The import token has expired.")
            .because(format!("its {} hours are over", TOKEN_VALID.as_secs() / 3600))
            .into());
    }
    Ok(Opened { algorithm, private })
}

fn parts(token: &[u8]) -> Option<(Timestamp, WrappingAlgorithm, &[u8])> {
    let rest = token.strip_prefix(MAGIC_AND_VERSION)?;
    let (expires, rest) = rest.split_first_chunk::<8>()?;
    let (number, sealed) = rest.split_first()?;
    let algorithm = WrappingAlgorithm::ALL.get(usize::from(*number))?;
    Some((Timestamp::from_millis(i64::from_be_bytes(*expires)), *algorithm, sealed))
}

fn token_id(key: &Key, algorithm: WrappingAlgorithm, expires: Timestamp) -> String {
    format!("{}/{}/{}", key.key(), algorithm.name(), expires.millis())
}

fn invalid(reason: &str) -> Refusal {
    let message = "The import token is invalid or is associated with a different KMS key.";
    Refusal::new("InvalidImportTokenException", message)
        .because(format!("the import token is refused: {reason}"))
}

/// Destroys imported material whose time is over; returns how many. Its keys refuse its use from the moment itself.
pub fn expire_due(door: &Door) -> Answer<usize> {
    let now = door.env.clock.now();
    let mut after: Option<String> = None;
    let mut expired = 0;
    loop {
        let batch =
            door.catalog.begin()?.scan_index::<KeyMaterial>("expiry", "valid_to", after.as_deref(), BATCH)?;
        for material in batch.iter().filter(|material| material.is_expired(now)) {
            expired += usize::from(expire(door, &material.key(), now)?);
        }
        if batch.len() < BATCH {
            return Ok(expired);
        }
        after = batch.last().map(Row::key);
    }
}

fn expire(door: &Door, material: &str, now: Timestamp) -> Answer<bool> {
    door.catalog.transact::<_, Failure>(|tx| {
        let due = |m: &KeyMaterial| m.is_expired(now) && !m.sealed.is_empty();
        let Some(material) = tx.get::<KeyMaterial>(material)?.filter(due) else { return Ok(false) };
        let key = format!("{}/{}/{}", material.account, material.region, material.key_id);
        let Some(key) = tx.get::<Key>(&key)? else { return Ok(false) };
        let key = lose(tx, key, material.clone(), now)?;
        let details = json!({"keyMaterialId": material.material_id});
        service_events::tell(tx, &door.env, ServiceEvent::DeleteExpiredKeyMaterial, &key, now, details)?;
        Ok(true)
    })
}

/// Takes the bytes of a material away from its key and writes both. The key waits for them from now on, unless it never used
/// this material: then nothing of it stays.
pub fn lose(tx: &mut catalog::Tx, mut key: Key, mut material: KeyMaterial, now: Timestamp) -> Answer<Key> {
    scrubbing::note(tx, &key, now)?;
    if material.pending_rotation {
        tx.delete::<KeyMaterial>(&material.key())?;
        return Ok(key);
    }
    material.sealed = Vec::new();
    material.valid_to = None;
    tx.put(&material)?;
    key.state = key_state::without_material(key.state);
    material::survey(tx, &mut key, now)?;
    tx.put(&key)?;
    Ok(key)
}
