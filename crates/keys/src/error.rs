//! What can go wrong in this crate. No variant carries a secret; all may be logged.

use crate::KeySpec;
use std::path::PathBuf;

/// Why a secret could not be made, sealed, opened or read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// No locked memory is left, or the kernel refuses it (see `ulimit -l`). Secrets never fall back to ordinary memory.
    #[error("no locked memory for a secret: {0} (the limit is RLIMIT_MEMLOCK, `ulimit -l`)")]
    SecretMemory(std::io::Error),
    /// A secret is empty, longer than this crate holds, or not of the length its use needs.
    #[error("a secret of {0} bytes does not fit here")]
    Length(usize),
    /// XTS needs two different keys; equal halves turn its tweak encryption against itself.
    #[error("the two halves of a data key are equal")]
    EqualHalves,
    /// The bytes are not of the form they should have: too short, unknown version, wrong alphabet.
    #[error("{0} is not well formed")]
    Malformed(&'static str),
    /// Authentication failed: damaged, made under another key, or bound to another purpose, id or encryption context.
    #[error("{0} does not open: damaged, or bound to something else")]
    DoesNotOpen(&'static str),
    /// The sealed bytes were made under another root key than the one this server holds.
    #[error("sealed under root key {found}, this server holds {held}")]
    OtherRootKey {
        /// id of the root key that sealed the bytes
        found: String,
        /// id of our root key
        held: String,
    },
    /// The root key file cannot be used; the text says what to repair.
    #[error("root key file {path}: {problem}")]
    RootKeyFile {
        /// the file
        path: PathBuf,
        /// what is wrong with it
        problem: String,
    },
    /// This key spec exists in AWS but our cryptographic library does not offer it.
    #[error("key spec {0} is not supported by this server")]
    UnsupportedSpec(KeySpec),
    /// The operation needs another kind of key (an OAEP encryption under an elliptic-curve key, for instance).
    #[error("key spec {0} cannot do this")]
    WrongSpec(KeySpec),
    /// The cryptographic library refused; it gives no reasons, so the text says what we asked.
    #[error("the cryptographic library refused to {0}")]
    Library(&'static str),
}
