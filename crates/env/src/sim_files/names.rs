//! The names of a simulated file system: as they are, as they are durable, and the log between.

use super::Crash;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Dir,
    /// Number of its content.
    File(usize),
}

/// Names that change together: one, or two when renaming.
type Change = Vec<(PathBuf, Option<Node>)>;

#[derive(Default)]
pub(super) struct Names {
    now: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    /// Changes that are not durable yet, oldest first.
    log: Vec<Change>,
}

impl Names {
    pub fn get(&self, path: &Path) -> Option<Node> {
        if is_root(path) { Some(Node::Dir) } else { self.now.get(path).copied() }
    }

    pub fn add(&mut self, path: &Path, node: Node) -> io::Result<()> {
        match path.parent().and_then(|parent| self.get(parent)) {
            Some(Node::Dir) => {
                self.change(vec![(path.into(), Some(node))]);
                Ok(())
            }
            _ => Err(ErrorKind::NotFound.into()),
        }
    }

    pub fn remove(&mut self, path: &Path) {
        self.change(vec![(path.into(), None)]);
    }

    /// Renames a file, over another one if there is one.
    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        match (self.get(from), to.parent().and_then(|parent| self.get(parent))) {
            (Some(node @ Node::File(_)), Some(Node::Dir)) => {
                self.change(vec![(to.into(), Some(node)), (from.into(), None)]);
                Ok(())
            }
            (Some(Node::Dir), _) => Err(ErrorKind::Unsupported.into()),
            _ => Err(ErrorKind::NotFound.into()),
        }
    }

    pub fn sync_dir(&mut self, dir: &Path) {
        let (synced, rest) = std::mem::take(&mut self.log)
            .into_iter()
            .partition(|change| change.iter().any(|(path, _)| path.parent() == Some(dir)));
        self.log = rest;
        let synced: Vec<Change> = synced;
        synced.into_iter().for_each(|change| apply(&mut self.durable, change));
    }

    pub fn crash(&mut self, how: Crash, draw: &mut impl FnMut(usize) -> usize) {
        let kept = match how {
            Crash::Lost => 0,
            Crash::Kept => self.log.len(),
            Crash::Mixed => draw(self.log.len() + 1),
        };
        let log = std::mem::take(&mut self.log);
        log.into_iter().take(kept).for_each(|change| apply(&mut self.durable, change));
        // A directory whose own name was lost takes what is in it along. Parents sort before what is in them.
        let mut reachable = BTreeMap::new();
        for (path, node) in std::mem::take(&mut self.durable) {
            if path.parent().is_some_and(|p| is_root(p) || reachable.get(p) == Some(&Node::Dir)) {
                reachable.insert(path, node);
            }
        }
        self.now = reachable.clone();
        self.durable = reachable;
    }

    /// Names of what is in a directory.
    pub fn in_dir(&self, dir: &Path) -> Vec<PathBuf> {
        let inside = self.now.keys().filter(|path| path.parent() == Some(dir));
        inside.filter_map(|path| path.file_name().map(PathBuf::from)).collect()
    }

    /// Paths of a directory and all that is in it, the directory first.
    pub fn at_and_below(&self, dir: &Path) -> Vec<PathBuf> {
        self.now.keys().filter(|path| path.starts_with(dir)).cloned().collect()
    }

    pub fn files(&self) -> Vec<(PathBuf, usize)> {
        let file = |(path, node): (&PathBuf, &Node)| match node {
            Node::File(content) => Some((path.clone(), *content)),
            Node::Dir => None,
        };
        self.now.iter().filter_map(file).collect()
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.now, change.clone());
        self.log.push(change);
    }
}

fn is_root(path: &Path) -> bool {
    path == Path::new("/")
}

fn apply(names: &mut BTreeMap<PathBuf, Node>, change: Change) {
    for (path, node) in change {
        match node {
            Some(node) => names.insert(path, node),
            None => names.remove(&path),
        };
    }
}
