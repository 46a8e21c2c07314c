//! Byte strings of the wire. Three kinds, because they deserve different care: public bytes, secret bytes, and
//! the raw body of a request or answer that must not be copied.

use bytes::Bytes;
use std::fmt;
use zeroize::Zeroize;

/// Bytes that anyone on the call may see, for instance a ciphertext blob. Base64 on JSON and XML wires.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    /// Length only: thousands of bytes in a log line help nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Blob(bytes)
    }
}

/// Bytes that are secret (KMS plaintext). Cannot be printed, cloned, compared or serialised by accident, and is
/// wiped when dropped.
#[derive(Default)]
pub struct SecretBlob(Vec<u8>);

impl SecretBlob {
    /// Takes the bytes; nothing is copied, so nothing unwiped stays behind.
    pub fn new(bytes: Vec<u8>) -> Self {
        SecretBlob(bytes)
    }

    /// The secret itself. The name makes every use easy to find.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBlob {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<Vec<u8>> for SecretBlob {
    fn from(bytes: Vec<u8>) -> Self {
        SecretBlob(bytes)
    }
}

/// The raw body of a request or answer (EBS direct blocks): shared, never copied.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload(pub Bytes);

impl fmt::Debug for Payload {
    /// Length only: the bytes are somebody's disk.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
