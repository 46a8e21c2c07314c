//! KMS cryptography: the seal, key material, ciphertext blobs, signatures, MACs, grant tokens, secret memory. Decides nothing about who may use
//! a key and in which state; see `rules`.
//!
//! ```text
//!   root key (file, later HSM)      `Seal`      protects key material at rest
//!     └─ key material               `material`  the secret bytes behind a KMS key
//!          └─ data key, plaintext   `wrap`      ciphertext blobs bound to the encryption context
//! ```
//! Start reading at `aead` (the one construction), then `wrap` and `seal::envelope` (its two uses).

mod access_key;
mod aead;
mod agreement;
mod data_key;
mod der;
mod error;
mod evp;
pub mod grant_token;
pub mod import;
mod mac;
mod material;
mod oaep;
mod seal;
mod secret;
mod signing;
mod slab;
mod spec;
#[cfg(test)]
mod testing;
pub mod wrap;

pub use access_key::secret_access_key;
pub use agreement::agree;
pub use data_key::{DATA_KEY_BYTES, DataKey};
pub use error::KeysError;
pub use mac::MacAlgorithm;
pub use material::{generate_material, material_id, public_key_der};
pub use oaep::Oaep;
pub use seal::{DerivedKey, KeyFileSeal, Purpose, Seal, SealHandle};
pub use secret::{SECRET_BYTES_MAX, Secret};
pub use signing::{MU_BYTES, Message, Sha2, SigningAlgorithm};
pub use spec::KeySpec;
