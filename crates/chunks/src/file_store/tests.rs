//! A file store through power losses, a full disk, races for its directories, and strangers' files.

use super::*;
use env::{Crash, File, SimFault, SimFiles, SimOp};
use parking_lot::Mutex;

const DIR: &str = "/data/chunks";
pub(super) const EIO: i32 = 5;
pub(super) const ENOSPC: i32 = 28;

pub(super) fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

pub(super) fn chunk(index: u32) -> ObjectName {
    name(&format!("us-east-1/snap-01/c-{index:08x}-9c1e"))
}

pub(super) fn open(files: &SimFiles) -> Result<FileStore, StoreError> {
    FileStore::open(Arc::new(files.clone()), PathBuf::from(DIR))
}

pub(super) fn names(store: &FileStore) -> Vec<String> {
    let mut names = Vec::new();
    let each = &mut |name: ObjectName| {
        names.push(name.to_string());
        Ok(())
    };
    store.list("", each).unwrap();
    names
}

pub(super) fn left_over(files: &SimFiles) -> usize {
    files.list(&Path::new(DIR).join(NEW)).unwrap().len()
}

#[test]
fn numbered_objects_stand_in_groups() {
    assert_eq!(group("c-0000a3f2-9c1e").as_deref(), Some("c-0000a_"));
    assert_eq!(group("p-00001000-ff-ee").as_deref(), Some("p-00001_"));
    for none in ["manifest", "c-0000a3f2", "c-0000a3f-9c1e", "c-0000a3fg-9c1e", "c--9c1e"] {
        assert_eq!(group(none), None, "{none}");
    }
}

#[test]
fn what_was_acknowledged_survives_every_power_loss_whole_and_nothing_else_is_seen() {
    let bytes = |index: u32| vec![index as u8 + 1; 1000 + index as usize];
    let mut cuts_seen = 0;
    for cut in 1..90 {
        for how in [Crash::Lost, Crash::Kept, Crash::Mixed] {
            let files = SimFiles::new(cut);
            files.cut_power_after(cut);
            // Chunks of three groups, one of which is emptied (its directory goes) and filled again.
            let mut acknowledged = Vec::new();
            let run = || -> Result<(), StoreError> {
                let store = open(&files)?;
                for index in [0, 4096, 8192] {
                    store.put(&chunk(index), &bytes(index % 50))?;
                    acknowledged.push(index);
                }
                acknowledged.retain(|index| *index != 4096);
                store.delete(&chunk(4096))?;
                store.put(&chunk(4097), &bytes(4097 % 50))?;
                acknowledged.push(4097);
                Ok(())
            };
            cuts_seen += u32::from({ run }().is_err());
            files.crash(how);
            let store = open(&files).unwrap();
            assert_eq!(left_over(&files), 0);
            for index in &acknowledged {
                assert_eq!(store.get(&chunk(*index)).unwrap(), bytes(index % 50), "cut {cut} {how:?}");
            }
            for index in [0, 4096, 8192, 4097] {
                match store.get(&chunk(index)) {
                    Ok(found) => assert_eq!(found, bytes(index % 50), "torn: cut {cut} {how:?}"),
                    Err(e) => assert!(matches!(e, StoreError::NotFound(_)), "{e}"),
                }
            }
        }
    }
    assert!(cuts_seen > 90, "{cuts_seen}: the power never went");
}

#[test]
fn putting_again_never_takes_the_object_away() {
    for cut in 1..12 {
        for how in [Crash::Lost, Crash::Kept, Crash::Mixed] {
            let files = SimFiles::new(cut);
            let store = open(&files).unwrap();
            store.put(&chunk(1), &[1; 5000]).unwrap();
            files.cut_power_after(cut);
            let again = store.put(&chunk(1), &[1; 5000]);
            assert!(again.is_ok() || files.is_dark());
            files.crash(how);
            assert_eq!(open(&files).unwrap().get(&chunk(1)).unwrap(), [1; 5000]);
        }
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_behind() {
    for op in [SimOp::Open, SimOp::Write, SimOp::Sync, SimOp::Rename] {
        let files = SimFiles::new(1);
        let store = open(&files).unwrap();
        store.put(&chunk(1), b"before").unwrap();
        files.inject(SimFault { op, path: NEW, skip: 0, times: 1, errno: ENOSPC });
        assert!(matches!(store.put(&chunk(2), b"new"), Err(StoreError::NoSpace)), "{op:?}");
        assert_eq!((names(&store).len(), left_over(&files)), (1, 0), "{op:?}");
        store.put(&chunk(2), b"new").unwrap();
    }
}

#[test]
fn a_failing_disk_is_no_acknowledgement() {
    for (op, path) in
        [(SimOp::Write, NEW), (SimOp::Sync, NEW), (SimOp::Rename, NEW), (SimOp::SyncDir, "snap-01")]
    {
        let files = SimFiles::new(1);
        let store = open(&files).unwrap();
        files.inject(SimFault { op, path, skip: 0, times: 1, errno: EIO });
        let put = store.put(&chunk(2), b"new");
        assert!(matches!(put, Err(StoreError::Unavailable(why)) if why.contains("c-00000002")), "{op:?}");
        assert_eq!(left_over(&files), 0);
        // The same object, tried again, is durable.
        store.put(&chunk(2), b"new").unwrap();
        files.crash(Crash::Lost);
        assert_eq!(open(&files).unwrap().get(&chunk(2)).unwrap(), b"new", "{op:?}");
    }
}

#[test]
fn a_store_whose_directory_cannot_be_made_does_not_open() {
    let files = SimFiles::new(1);
    files.create_dir_all(Path::new("/data")).unwrap();
    files.open(Path::new(DIR), true).unwrap();
    assert!(matches!(open(&files), Err(StoreError::Refused(_)) | Err(StoreError::Unavailable(_))));
}

#[test]
fn directories_that_became_empty_go_and_the_store_stays() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    store.put(&chunk(1), b"x").unwrap();
    store.put(&name("us-east-1/snap-02/manifest"), b"x").unwrap();
    store.delete(&chunk(1)).unwrap();
    assert!(!files.exists(&Path::new(DIR).join("us-east-1/snap-01")));
    assert!(files.is_dir(&Path::new(DIR).join("us-east-1/snap-02")));
    store.delete(&name("us-east-1/snap-02/manifest")).unwrap();
    assert_eq!(files.list(Path::new(DIR)).unwrap(), [PathBuf::from(NEW)]);
}

#[test]
fn a_put_survives_everything_being_taken_away_under_it() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    store.put(&chunk(1), b"x").unwrap();
    files.remove_dir_all(Path::new(DIR)).unwrap();
    store.put(&chunk(2), b"y").unwrap();
    assert_eq!(store.get(&chunk(2)).unwrap(), b"y");
    assert_eq!(names(&store), [chunk(2).to_string()]);
}

#[test]
fn puts_and_deletes_race_for_one_directory_and_every_put_is_durable() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..200 {
                    let own = chunk(thread);
                    store.put(&own, &[thread as u8]).unwrap();
                    if round < 199 {
                        store.delete(&own).unwrap();
                    }
                }
            });
        }
    });
    files.crash(Crash::Lost);
    let store = open(&files).unwrap();
    for thread in 0..4 {
        assert_eq!(store.get(&chunk(thread)).unwrap(), [thread as u8]);
    }
}

/// What happens between a put's writing and its renaming.
type Between = Box<dyn FnOnce() + Send>;

/// Simulated files that do something just before the next renaming.
struct Hooked {
    files: SimFiles,
    before_rename: Arc<Mutex<Option<Between>>>,
}

impl Files for Hooked {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        self.files.open(path, create)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.read(path)
    }
    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.write_durably(path, bytes)
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.files.create_dir_all(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if let Some(between) = self.before_rename.lock().take() {
            between();
        }
        self.files.rename(from, to)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.files.sync_dir(path)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.files.remove_file(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.files.remove_dir(path)
    }
    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.files.remove_dir_all(path)
    }
    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.files.list(path)
    }
}

#[test]
fn a_directory_that_another_thread_removed_and_made_again_is_durable_when_the_put_returns() {
    // The other thread was about to sync it, or not yet.
    for made_again in [true, false] {
        let files = SimFiles::new(1);
        let before_rename = Arc::<Mutex<Option<Between>>>::default();
        let hooked = Hooked { files: files.clone(), before_rename: before_rename.clone() };
        let store = Arc::new(FileStore::open(Arc::new(hooked), PathBuf::from(DIR)).unwrap());
        store.put(&chunk(1), b"x").unwrap();
        let (other, bare) = (store.clone(), files.clone());
        *before_rename.lock() = Some(Box::new(move || {
            other.delete(&chunk(1)).unwrap();
            let group = Path::new(DIR).join("us-east-1/snap-01/c-00000_");
            assert!(!bare.exists(&group));
            // The removal is durable by now, the new directory is not.
            bare.sync_dir(Path::new(DIR)).unwrap();
            if made_again {
                bare.create_dir_all(&group).unwrap();
            }
        }));
        store.put(&chunk(2), b"y").unwrap();
        files.crash(Crash::Lost);
        assert_eq!(open(&files).unwrap().get(&chunk(2)).unwrap(), b"y", "{made_again}");
    }
}

#[test]
fn two_stores_on_one_directory_do_not_mix_their_temporaries() {
    let files = SimFiles::new(1);
    let stores = [open(&files).unwrap(), open(&files).unwrap()];
    std::thread::scope(|scope| {
        for (which, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                for index in 0..200 {
                    store.put(&chunk(2 * index + which as u32), &[which as u8; 600]).unwrap();
                }
            });
        }
        // A third one opens again and again, and takes their temporaries for a crash's.
        scope.spawn(|| (0..50).for_each(|_| drop(open(&files).unwrap())));
    });
    for index in 0..400 {
        assert_eq!(stores[0].get(&chunk(index)).unwrap(), [(index % 2) as u8; 600]);
    }
}

#[test]
fn strangers_files_are_not_listed() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    store.put(&chunk(1), b"x").unwrap();
    let dir = Path::new(DIR);
    for stranger in [
        ".DS_Store",
        "LOST+FOUND",
        "us-east-1/snap-01/c-00000002-9c1e",
        "us-east-1/snap-01/c-00000_/manifest",
        "us-east-1/snap-01/c-00000_/c-00001000-9c1e",
        "us-east-1/snap-01/c-00000_/.c-00000003-9c1e",
        "us-east-1/stray_",
    ] {
        files.open(&dir.join(stranger), true).unwrap();
    }
    assert_eq!(names(&store), [chunk(1).to_string()]);
    assert!(matches!(store.get(&chunk(2)), Err(StoreError::NotFound(_))), "listed or got: both or neither");
}

#[test]
fn an_object_cannot_be_where_a_directory_is() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    store.put(&name("a/b"), b"x").unwrap();
    assert!(store.put(&name("a/b/c"), b"x").is_err());
    assert_eq!((names(&store).len(), left_over(&files)), (1, 0));
}
