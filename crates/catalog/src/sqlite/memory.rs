//! Rows read lately, shared by all snapshots: what nearly every call reads (its account, its key, its policies) is read from the
//! file once and not once per call, as long as nobody writes to its table.
//!
//! A table's memory ends before a commit that writes to the table, and a new one begins after it. So if the memory of a table is
//! the same before and after a snapshot was taken, no such commit came between, and the memory holds what the snapshot has:
//!
//! ```text
//!  writer       writes to t ─ end(t) ─ COMMIT ─ begin(t)
//!  snapshot     view ─ BEGIN, first read ─ view again: same memory of t? then memory of t = t in this snapshot
//! ```
//! That no other process writes to the file is what `PATH.lock` is for.

use crate::backend::Stored;
use crate::changes::Scan;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::Arc;

/// What one table's memory holds at most; then it begins anew.
const BYTES_MAX: usize = 2 << 20;
/// What a row or an answer costs beyond its text.
const ENTRY_BYTES: usize = 128;
/// Rows of the longest scan that is remembered: longer ones are lists that hardly anybody asks for twice.
const SCAN_MAX: usize = 64;

/// What one table is remembered to hold.
#[derive(Default)]
pub(super) struct TableMemory(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// `None`: there is no such row.
    rows: HashMap<String, Option<Stored>>,
    scans: HashMap<Scan, Vec<Stored>>,
    bytes: usize,
}

/// The memories of all tables at one moment; of a table that is being written to there is none.
pub(super) type View = Arc<Vec<Option<Arc<TableMemory>>>>;

/// The memories that count now.
pub(super) struct Memory(RwLock<View>);

impl Memory {
    pub fn new(tables: usize) -> Self {
        Memory(RwLock::new(Arc::new((0..tables).map(|_| Some(Arc::default())).collect())))
    }

    pub fn view(&self) -> View {
        self.0.read().clone()
    }

    /// A commit that writes to these tables is coming.
    pub fn end(&self, tables: &[usize]) {
        self.replace(tables, || None);
    }

    /// The commit is over, one way or the other.
    pub fn begin(&self, tables: &[usize]) {
        self.replace(tables, || Some(Arc::default()));
    }

    fn replace(&self, tables: &[usize], new: impl Fn() -> Option<Arc<TableMemory>>) {
        let mut view = self.0.write();
        let mut all = Vec::clone(&view);
        for table in tables {
            all[*table] = new();
        }
        *view = Arc::new(all);
    }
}

/// Whether both are the same memory of a table.
pub(super) fn same(one: &Option<Arc<TableMemory>>, other: &Option<Arc<TableMemory>>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if Arc::ptr_eq(one, other))
}

impl TableMemory {
    pub fn row(&self, key: &str) -> Option<Option<Stored>> {
        self.0.lock().rows.get(key).cloned()
    }

    pub fn keep_row(&self, key: &str, found: &Option<Stored>) {
        let bytes = key.len() + found.iter().map(bytes_of).sum::<usize>();
        self.0.lock().room_for(bytes).rows.insert(key.to_owned(), found.clone());
    }

    pub fn scan(&self, scan: &Scan) -> Option<Vec<Stored>> {
        self.0.lock().scans.get(scan).cloned()
    }

    pub fn keep_scan(&self, scan: &Scan, found: &[Stored]) {
        if found.len() <= SCAN_MAX {
            let bytes = found.iter().map(bytes_of).sum();
            self.0.lock().room_for(bytes).scans.insert(scan.clone(), found.to_vec());
        }
    }
}

impl Held {
    fn room_for(&mut self, bytes: usize) -> &mut Self {
        if self.bytes + bytes + ENTRY_BYTES > BYTES_MAX {
            *self = Held::default();
        }
        self.bytes += bytes + ENTRY_BYTES;
        self
    }
}

fn bytes_of(stored: &Stored) -> usize {
    stored.key.len() + stored.body.len() + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Range;

    fn row(key: &str, bytes: usize) -> Stored {
        Stored { key: key.to_owned(), version: 1, body: "x".repeat(bytes).into() }
    }

    #[test]
    fn a_write_ends_the_memory_of_its_table_and_of_no_other() {
        let memory = Memory::new(2);
        let before = memory.view();
        before[0].as_ref().unwrap().keep_row("a", &Some(row("a", 1)));
        memory.end(&[0]);
        assert!(memory.view()[0].is_none());
        memory.begin(&[0]);
        let after = memory.view();
        assert!(!same(&before[0], &after[0]) && same(&before[1], &after[1]));
        assert_eq!(after[0].as_ref().unwrap().row("a"), None);
        assert_eq!(before[0].as_ref().unwrap().row("a"), Some(Some(row("a", 1))));
    }

    #[test]
    fn a_memory_is_bounded() {
        let memory = TableMemory::default();
        for n in 0..10_000 {
            memory.keep_row(&n.to_string(), &Some(row("k", 1000)));
            assert!(memory.0.lock().bytes <= BYTES_MAX);
        }
        let last = memory.row("9999").flatten();
        assert_eq!(last, Some(row("k", 1000)));
        assert_eq!(memory.row("0"), None);
    }

    #[test]
    fn long_lists_are_not_kept() {
        let memory = TableMemory::default();
        let scan = Scan { table: 0, range: Range::Prefix("a".into()), after: None, limit: 1000 };
        memory.keep_scan(&scan, &vec![row("a", 1); SCAN_MAX + 1]);
        assert_eq!(memory.scan(&scan), None);
        memory.keep_scan(&scan, &[]);
        assert_eq!(memory.scan(&scan), Some(vec![]));
    }
}
