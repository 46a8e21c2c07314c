//! The seal: what protects key material at rest. Everything the catalog holds of a key's secret has passed `wrap`; a server
//! without its root key can neither decrypt nor create.

mod envelope;
mod key_file;

pub use key_file::KeyFileSeal;

use crate::{KeysError, Secret};
use zeroize::Zeroizing;

/// What sealed bytes are for. Bound into them, so a row of one table cannot be passed off as a row of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// material of a KMS key; the id is `<key id>/<key-material id>`
    KeyMaterial,
    /// secret access key of a principal; the id is the access key id
    AccessKeySecret,
    /// private key that unwraps imported material, inside an import token; the id names key, algorithm and end
    ImportToken,
}

impl Purpose {
    /// The word bound into sealed bytes; never change one.
    fn word(self) -> &'static str {
        match self {
            Purpose::KeyMaterial => "key-material",
            Purpose::AccessKeySecret => "access-key-secret",
            Purpose::ImportToken => "import-token",
        }
    }
}

/// A root of trust. The default keeps the root key in a file ([`KeyFileSeal`]).
pub trait Seal: Send + Sync {
    /// Seals a secret, bound to what it is for and whose it is.
    fn wrap(&self, purpose: Purpose, id: &str, secret: &Secret) -> Result<Vec<u8>, KeysError>;
    /// Opens what `wrap` made with the same purpose and id.
    fn unwrap(&self, purpose: Purpose, id: &str, sealed: &[u8]) -> Result<Secret, KeysError>;
    /// A key of the server for one use (page tokens, grant tokens), the same at every start; labels never share keys.
    fn derive(&self, label: &str) -> DerivedKey;
    /// Public name of the root key (16 hexadecimal digits), to store beside what it sealed: a server that finds another
    /// name there has the wrong root key and must not start.
    fn root_key_id(&self) -> String;
}

/// The seal, as the program gives it to the door: `door.with_dependency(Arc::new(SealHandle(seal)))`.
pub struct SealHandle(pub std::sync::Arc<dyn Seal>);

/// 32 secret bytes derived from the root key, wiped on drop. Like [`Secret`] without `Debug`, `Clone` and comparison, but not
/// in locked memory: there are a handful, and they guard tokens, not data.
pub struct DerivedKey(Zeroizing<[u8; 32]>);

impl DerivedKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        DerivedKey(Zeroizing::new(bytes))
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_hides_itself;

    #[test]
    fn a_derived_key_cannot_be_printed_or_cloned() {
        assert_hides_itself!(DerivedKey);
    }
}
