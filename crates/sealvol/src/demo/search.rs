//! Looks for a marker in every file below a directory, at every byte offset. Holes read as zeros and cost next to nothing, so
//! the whole file is read rather than trusting the file system's map of where data is.

use base::Fault;
use env::{File, Files};
use memchr::memmem::Finder;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;
/// What opening a socket gives (open(2)): it has no content.
const NO_SUCH_DEVICE: i32 = 6;

/// One file to look through.
pub struct Candidate {
    pub path: PathBuf,
    pub bytes: u64,
    file: Arc<dyn File>,
}

/// Everything below a directory.
#[derive(Default)]
pub struct Tree {
    pub files: Vec<Candidate>,
    /// Sockets: they hold no bytes.
    pub sockets: usize,
}

impl Tree {
    /// Opens every file below `root`. A file that can be seen and not read fails the search: it would prove nothing.
    pub fn walk(files: &dyn Files, root: &Path) -> Result<Tree, Fault> {
        let mut tree = Tree::default();
        let mut open = vec![root.to_owned()];
        while let Some(path) = open.pop() {
            let failed = |e| Fault::caused(format!("looking into {}", path.display()), e);
            match files.list(&path) {
                Ok(names) => open.extend(names.iter().map(|name| path.join(name))),
                Err(e) if e.kind() == io::ErrorKind::NotADirectory => match files.open(&path, false) {
                    Ok(file) => {
                        let bytes = file.len().map_err(failed)?;
                        tree.files.push(Candidate { path, bytes, file });
                    }
                    Err(e) if e.raw_os_error() == Some(NO_SUCH_DEVICE) => tree.sockets += 1,
                    // Gone since it was listed: the catalog's journal comes and goes.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Err(failed(e)),
                },
                Err(e) if e.kind() == io::ErrorKind::NotFound && path != root => {}
                Err(e) => return Err(failed(e)),
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }
}

/// How often `marker` occurs in the file, wherever it starts. `progress` hears of each piece and may stop the search.
pub fn count(
    candidate: &Candidate,
    marker: &[u8],
    progress: &mut dyn FnMut(u64) -> Result<(), Fault>,
) -> Result<u64, Fault> {
    let finder = Finder::new(marker);
    // A copy across two pieces is found in the second: the last bytes of the first stand before it.
    let keep = marker.len().saturating_sub(1);
    let mut window = vec![0; keep + CHUNK];
    let (mut kept, mut offset, mut found) = (0, 0, 0);
    loop {
        let read = candidate
            .file
            .read_at(&mut window[kept..], offset)
            .map_err(|e| Fault::caused(format!("reading {}", candidate.path.display()), e))?;
        if read == 0 {
            return Ok(found);
        }
        let filled = kept + read;
        found += finder.find_iter(&window[..filled]).count() as u64;
        let from = filled.saturating_sub(keep);
        window.copy_within(from..filled, 0);
        kept = filled - from;
        offset += read as u64;
        progress(read as u64)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::Env;

    fn hits(dir: &Path, marker: &str) -> Vec<(String, u64)> {
        let env = Env::real();
        let tree = Tree::walk(&*env.files, dir).unwrap();
        let name = |c: &Candidate| c.path.strip_prefix(dir).unwrap().display().to_string();
        let count = |c: &Candidate| count(c, marker.as_bytes(), &mut |_| Ok(())).unwrap();
        tree.files.iter().map(|c| (name(c), count(c))).filter(|(_, n)| *n > 0).collect()
    }

    #[test]
    fn a_marker_is_found_at_any_offset_and_across_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::real();
        for offset in [0, 1, 4095, CHUNK - 4, CHUNK - 3, CHUNK, 2 * CHUNK - 1, 5 * CHUNK + 7] {
            let file = env.files.open(&dir.path().join("sparse"), true).unwrap();
            file.set_len(0).unwrap();
            file.write_all_at(b"MARK, and more", offset as u64).unwrap();
            assert_eq!(hits(dir.path(), "MARK"), [("sparse".to_owned(), 1)], "at {offset}");
        }
    }

    #[test]
    fn every_copy_counts_once_and_near_misses_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let file = Env::real().files.open(&dir.path().join("f"), true).unwrap();
        file.write_all_at(&b"MARK MARk MARk MARk ".repeat(100_000), 0).unwrap();
        assert_eq!(hits(dir.path(), "MARK"), [("f".to_owned(), 100_000)]);
        assert_eq!(hits(dir.path(), "mark"), []);
    }

    #[test]
    fn directories_are_entered_and_sockets_counted() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::real();
        let deep = dir.path().join("a/b/c");
        env.files.create_dir_all(&deep).unwrap();
        env.files.write_durably(&deep.join("x"), b"..MARK").unwrap();
        env.files.write_durably(&dir.path().join("empty"), b"").unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(dir.path().join("a/s.sock")).unwrap();
        let tree = Tree::walk(&*env.files, dir.path()).unwrap();
        assert_eq!((tree.files.len(), tree.sockets, tree.bytes()), (2, 1, 6));
        assert_eq!(hits(dir.path(), "MARK"), [("a/b/c/x".to_owned(), 1)]);
    }

    #[test]
    fn a_missing_directory_fails_the_search() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Tree::walk(&*Env::real().files, &dir.path().join("nothing")).is_err());
    }

    #[test]
    fn a_search_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::real();
        env.files.write_durably(&dir.path().join("f"), b"text").unwrap();
        let tree = Tree::walk(&*env.files, dir.path()).unwrap();
        assert!(count(&tree.files[0], b"t", &mut |_| Err(Fault::new("stop"))).is_err());
    }
}
