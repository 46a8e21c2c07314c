//! The default root of trust: a 32-byte root key in a file that only its owner can read.
//!
//! ```text
//!   sealvol-root-key-v1 whoever reads this file can read every volume; without it no volume can be read
//!   <64 hexadecimal digits: the root key>
//!   <16 hexadecimal digits: its id, which finds a damaged digit>
//! ```

use super::{DerivedKey, Purpose, Seal, envelope};
use crate::{KeysError, Secret};
use env::{Entropy, Files};
use std::path::Path;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

const ROOT_KEY_BYTES: usize = 32;
const FORM: &str = "sealvol-root-key-v1";
const WARNING: &str = "whoever reads this file can read every volume; without it no volume can be read";

/// A seal whose root key was read from a file; the key stays in locked memory.
pub struct KeyFileSeal {
    root: Secret,
    entropy: Arc<dyn Entropy>,
}

impl KeyFileSeal {
    /// Reads the root key, or makes it (durably, mode 0600) when the file is not there. Who knows that sealed secrets exist
    /// already should call [`KeyFileSeal::open`]: a lost key file must not be replaced in silence.
    pub fn open_or_create(
        files: &dyn Files,
        path: &Path,
        entropy: Arc<dyn Entropy>,
    ) -> Result<KeyFileSeal, KeysError> {
        if !files.exists(path) {
            let root = Secret::generate(&*entropy, ROOT_KEY_BYTES)?;
            files.write_durably(path, print(&root).as_bytes()).map_err(|e| problem(path, e.to_string()))?;
        }
        // Also after creating: what counts is what the file holds, should another process have been faster.
        Self::open(files, path, entropy)
    }

    /// Reads the root key. Refuses a file that group or others may read, or one that is damaged.
    pub fn open(files: &dyn Files, path: &Path, entropy: Arc<dyn Entropy>) -> Result<KeyFileSeal, KeysError> {
        let text = files.read(path).map_err(|e| problem(path, e.to_string()))?;
        let text = Zeroizing::new(text);
        check_permissions(files, path)?;
        Ok(KeyFileSeal { root: parse(path, &text)?, entropy })
    }
}

impl Seal for KeyFileSeal {
    fn wrap(&self, purpose: Purpose, id: &str, secret: &Secret) -> Result<Vec<u8>, KeysError> {
        envelope::wrap(&self.root, purpose, id, secret, &*self.entropy)
    }

    fn unwrap(&self, purpose: Purpose, id: &str, sealed: &[u8]) -> Result<Secret, KeysError> {
        envelope::unwrap(&self.root, purpose, id, sealed)
    }

    fn derive(&self, label: &str) -> DerivedKey {
        envelope::derive(&self.root, label)
    }

    fn root_key_id(&self) -> String {
        hex::encode(envelope::root_key_id(&self.root))
    }
}

fn problem(path: &Path, problem: impl Into<String>) -> KeysError {
    KeysError::RootKeyFile { path: path.to_owned(), problem: problem.into() }
}

/// Whoever can read the file can read every volume, so it must be its owner's alone.
fn check_permissions(files: &dyn Files, path: &Path) -> Result<(), KeysError> {
    let mode = files.mode(path).map_err(|e| problem(path, e.to_string()))? & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(problem(path, format!("mode {mode:o} lets others at it; it must be 600 (chmod 600)")))
}

fn print(root: &Secret) -> Zeroizing<String> {
    let id = hex::encode(envelope::root_key_id(root));
    // Big enough from the start: growing would leave a copy of the key behind on the heap.
    let mut text = Zeroizing::new(String::with_capacity(256));
    text.push_str(&format!("{FORM} {WARNING}\n"));
    for byte in root.expose() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text.push_str(&format!("\n{id}\n"));
    text
}

fn parse(path: &Path, text: &[u8]) -> Result<Secret, KeysError> {
    let mut lines = text.split(|b| *b == b'\n');
    let (first, key, id, rest) = (lines.next(), lines.next(), lines.next(), lines.next());
    let form = first.and_then(|line| line.split(|b| *b == b' ').next());
    if form != Some(FORM.as_bytes()) {
        return Err(problem(path, format!("it does not begin with {FORM}")));
    }
    let (Some(key), Some(id), Some(b"")) = (key, id, rest) else {
        return Err(problem(path, "it is cut short; restore it from its backup"));
    };
    let mut bytes = [0; ROOT_KEY_BYTES];
    if hex::decode_to_slice(key, &mut bytes).is_err() {
        bytes.zeroize();
        return Err(problem(
            path,
            "its second line is not 64 hexadecimal digits; restore it from its backup",
        ));
    }
    let root = Secret::from_slice_wiping(&mut bytes)?;
    if hex::encode(envelope::root_key_id(&root)).as_bytes() != id {
        return Err(problem(path, "key and id do not match; it is damaged, restore it from its backup"));
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::{RealFiles, SimEntropy};
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn entropy(seed: u64) -> Arc<dyn Entropy> {
        Arc::new(SimEntropy::new(seed))
    }

    fn made() -> (tempfile::TempDir, PathBuf, KeyFileSeal) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        let seal = KeyFileSeal::open_or_create(&RealFiles, &path, entropy(1)).unwrap();
        (dir, path, seal)
    }

    #[test]
    fn the_second_start_opens_what_the_first_sealed() {
        let (_dir, path, first) = made();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let secret = Secret::copy_of(&[5; 32]).unwrap();
        let sealed = first.wrap(Purpose::KeyMaterial, "id", &secret).unwrap();
        let second = KeyFileSeal::open_or_create(&RealFiles, &path, entropy(2)).unwrap();
        assert!(second.unwrap(Purpose::KeyMaterial, "id", &sealed).unwrap().same_as(&secret));
        assert_eq!(first.derive("x").expose(), second.derive("x").expose());
        assert_eq!((first.root_key_id(), first.root_key_id().len()), (second.root_key_id(), 16));
    }

    #[test]
    fn open_never_makes_a_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        assert!(matches!(
            KeyFileSeal::open(&RealFiles, &path, entropy(1)),
            Err(KeysError::RootKeyFile { .. })
        ));
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let (_dir, path, _) = made();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o777] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = KeyFileSeal::open(&RealFiles, &path, entropy(1)).err().unwrap().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(KeyFileSeal::open(&RealFiles, &path, entropy(1)).is_ok());
    }

    #[test]
    fn a_short_or_changed_file_is_refused() {
        let (_dir, path, _) = made();
        let good = RealFiles.read(&path).unwrap();
        let mut bad: Vec<Vec<u8>> = (0..good.len()).map(|len| good[..len].to_vec()).collect();
        let key_at = good.iter().position(|b| *b == b'\n').unwrap() + 1;
        for at in (0..FORM.len()).chain(key_at..good.len()) {
            let mut changed = good.clone();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            bad.push(changed);
        }
        bad.push([&good[..], b"more\n"].concat());
        for bytes in bad {
            RealFiles.write_durably(&path, &bytes).unwrap();
            assert!(KeyFileSeal::open(&RealFiles, &path, entropy(1)).is_err(), "{bytes:?}");
        }
    }
}
