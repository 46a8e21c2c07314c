//! What can go wrong with a volume, and whether it can still be used afterwards.

use std::io;
use std::path::PathBuf;

/// A failure of a volume. The message says whether the volume is still usable.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The range is not inside the volume. Nothing was done.
    #[error("bytes {offset}+{len} are not inside the volume of {size} bytes")]
    OutOfRange { offset: u64, len: u64, size: u64 },

    /// The volume asked for cannot exist. Nothing was done.
    #[error("cannot make this volume: {0}")]
    BadSpec(&'static str),

    /// There is no volume in this directory.
    #[error("no volume in {}", .0.display())]
    NotFound(PathBuf),

    /// The directory holds a volume made from another specification. Nothing was changed.
    #[error("{} holds another volume ({found})", path.display())]
    Exists { path: PathBuf, found: String },

    /// Written by a later release, whose rules this one cannot know. Nothing was touched.
    #[error("{what} has format version {found}; this release knows up to {known}")]
    Newer { what: &'static str, found: u32, known: u32 },

    /// Bytes on disk are not what was written there. What they describe cannot be read or written; the rest of the
    /// volume can.
    #[error("damaged: {0}")]
    Damaged(String),

    /// An encrypted volume was opened without its data key, or an unencrypted one with a key.
    #[error("{0}")]
    Key(&'static str),

    /// The disk under the store is full. What was written before is safe, reads work, and writes work again when there
    /// is space.
    #[error("no space left under the volume")]
    NoSpace,

    /// A sync failed earlier, so the kernel may have dropped bytes it had accepted: the volume takes no more writes
    /// or flushes. Reads still work. Open it again to go on from what is durable.
    #[error("the volume is read-only because {0}")]
    ReadOnly(String),

    /// The operating system failed one request. The volume is usable; what the request covered is old or new.
    #[error("{doing}: {source}")]
    Io { doing: &'static str, source: io::Error },

    /// The stored snapshot that the volume is loaded from cannot be reached. The volume is usable; what is loaded can be
    /// read, and trying again may help.
    #[error("the snapshot that the volume is loaded from: {0}")]
    Source(String),

    /// A snapshot that is not frozen here was asked for.
    #[error("snapshot {0} is not frozen in this volume")]
    NotFrozen(String),

    /// The long work was told to stop. It goes on from where it was when it is started again.
    #[error("stopped")]
    Stopped,

    /// The cipher refused. The volume is usable; the request was not done.
    #[error(transparent)]
    Cipher(#[from] cipher::CipherError),
}

impl VolumeError {
    /// Whether later writes can succeed without opening the volume again.
    pub fn leaves_volume_writable(&self) -> bool {
        !matches!(self, VolumeError::ReadOnly(_))
    }

    /// Names what was being done; a full disk has a variant of its own because callers answer it differently.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> VolumeError {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => VolumeError::NoSpace,
            _ => VolumeError::Io { doing, source },
        }
    }
}
