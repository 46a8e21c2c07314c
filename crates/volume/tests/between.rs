//! Requests that fall between the steps of another one, placed there exactly: the file system calls us back at a step.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::{DIR, key, read, spec, write};
use env::{Clock, Crash, File, Files, RealClock, SimFiles};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use volume::Device;

type Hook = Box<dyn FnOnce() + Send>;
type Hooks = Arc<Mutex<Option<(Step, &'static str, Hook)>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    BeforeRead,
    AfterRead,
    AfterSync,
    BeforePunch,
}

/// A file system that runs a hook, once, at the next step of its kind on a file whose path contains a text.
#[derive(Clone)]
struct Hooked {
    files: SimFiles,
    hook: Hooks,
}

struct HookedFile {
    file: Arc<dyn File>,
    path: PathBuf,
    hook: Hooks,
}

impl Hooked {
    fn at(&self, step: Step, path: &'static str, hook: impl FnOnce() + Send + 'static) {
        *self.hook.lock().unwrap() = Some((step, path, Box::new(hook)));
    }

    /// Starts `work` on another thread at the step and gives it time, but does not wait for it: it may have to wait for
    /// us. Joined by the returned handle.
    fn beside(
        &self,
        step: Step,
        path: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Arc<Mutex<Option<JoinHandle<()>>>> {
        let started = Arc::new(Mutex::new(None));
        let handle = started.clone();
        self.at(step, path, move || {
            *handle.lock().unwrap() = Some(env::spawn("beside", work).unwrap());
            RealClock::default().sleep(Duration::from_millis(100));
        });
        started
    }
}

fn join(started: &Mutex<Option<JoinHandle<()>>>) {
    started.lock().unwrap().take().expect("the step did not happen").join().unwrap();
}

impl HookedFile {
    fn step(&self, now: Step) {
        let here = |(step, path, _): &mut (Step, &'static str, Hook)| {
            *step == now && self.path.to_string_lossy().contains(*path)
        };
        let due = self.hook.lock().unwrap().take_if(here);
        if let Some((.., hook)) = due {
            hook();
        }
    }
}

impl File for HookedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.step(Step::BeforeRead);
        let read = self.file.read_at(buf, offset)?;
        self.step(Step::AfterRead);
        Ok(read)
    }
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(buf, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()?;
        self.step(Step::AfterSync);
        Ok(())
    }
    fn punch_hole(&self, offset: u64, len: u64) -> io::Result<()> {
        self.step(Step::BeforePunch);
        self.file.punch_hole(offset, len)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

impl Files for Hooked {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        let (file, hook) = (self.files.open(path, create)?, self.hook.clone());
        Ok(Arc::new(HookedFile { file, path: path.into(), hook }))
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
    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        self.files.create_private_dir(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.files.sync_dir(path)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.files.remove_file(path)
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

fn made() -> (Hooked, Arc<Device>) {
    let hooked = Hooked { files: SimFiles::new(1), hook: Arc::default() };
    let files: Arc<dyn Files> = Arc::new(hooked.clone());
    volume::create(&files, Path::new(DIR), &spec(1 << 30, true)).unwrap();
    (hooked, common::open_in(files, Path::new(DIR), key(true)).unwrap())
}

fn crashed(hooked: &Hooked) -> Arc<Device> {
    hooked.files.crash(Crash::Lost);
    common::open(&hooked.files, true).unwrap()
}

#[test]
fn a_unit_written_after_the_data_was_synced_is_not_named_by_that_flush() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    let late = volume.clone();
    hooked.at(Step::AfterSync, "data.", move || write(&late, 8192, &[2; 4096]));
    volume.flush().unwrap();
    assert_eq!(read(&volume, 8192, 4096), [2; 4096]);
    let volume = crashed(&hooked);
    assert_eq!(read(&volume, 0, 4096), [1; 4096]);
    assert_eq!(read(&volume, 8192, 4096), [0; 4096]);
}

#[test]
fn it_is_named_by_the_next_one() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    let late = volume.clone();
    hooked.at(Step::AfterSync, "data.", move || write(&late, 8192, &[2; 4096]));
    volume.flush().unwrap();
    volume.flush().unwrap();
    assert_eq!(read(&crashed(&hooked), 8192, 4096), [2; 4096]);
}

#[test]
fn a_unit_written_again_before_its_hole_is_punched_keeps_its_bytes() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 8192]);
    volume.flush().unwrap();
    volume.trim(0, 8192).unwrap();
    let late = volume.clone();
    hooked.at(Step::AfterSync, "map", move || write(&late, 4096, &[2; 4096]));
    volume.flush().unwrap();
    assert_eq!(read(&volume, 0, 8192), [[0; 4096], [2; 4096]].concat());
    volume.flush().unwrap();
    assert_eq!(read(&crashed(&hooked), 0, 8192), [[0; 4096], [2; 4096]].concat());
}

/// Trimmed, written, taken by a flush as written, and trimmed again before that flush punches: the durable map says
/// written, so a hole now would be read as noise after a crash.
#[test]
fn a_unit_that_the_durable_map_calls_written_is_never_punched() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    volume.flush().unwrap();
    volume.trim(0, 4096).unwrap();
    write(&volume, 0, &[3; 4096]);
    let late = volume.clone();
    hooked.at(Step::AfterSync, "map", move || late.trim(0, 4096).unwrap());
    volume.flush().unwrap();
    assert_eq!(read(&volume, 0, 4096), [0; 4096]);
    hooked.files.crash(Crash::Kept);
    assert_eq!(read(&common::open(&hooked.files, true).unwrap(), 0, 4096), [3; 4096]);
}

#[test]
fn a_flush_asked_for_during_a_flush_covers_what_was_written_before_it() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    let late = volume.clone();
    let second = hooked.beside(Step::AfterSync, "data.", move || {
        write(&late, 8192, &[2; 4096]);
        late.flush().unwrap();
    });
    volume.flush().unwrap();
    join(&second);
    assert_eq!(read(&crashed(&hooked), 8192, 4096), [2; 4096]);
}

#[test]
fn a_part_written_while_another_part_of_its_unit_is_being_written_is_not_lost() {
    // The second writer has a part of the unit, or the whole of it, or zeroes a part.
    for second in 0..3 {
        let (hooked, volume) = made();
        write(&volume, 0, &[1; 4096]);
        let late = volume.clone();
        let beside = hooked.beside(Step::AfterRead, "data.", move || match second {
            0 => write(&late, 2000, &[3; 96]),
            1 => write(&late, 0, &[3; 4096]),
            _ => late.write_zeroes(2000, 96, true, false).unwrap(),
        });
        write(&volume, 0, &[2; 1000]);
        join(&beside);
        let expected = if second == 2 { 0 } else { 3 };
        assert_eq!(read(&volume, 2000, 96), [expected; 96], "second writer {second}");
    }
}

#[test]
fn a_hole_is_not_punched_over_a_write_that_comes_at_that_moment() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    volume.flush().unwrap();
    volume.trim(0, 4096).unwrap();
    let late = volume.clone();
    let beside = hooked.beside(Step::BeforePunch, "data.", move || write(&late, 0, &[2; 4096]));
    volume.flush().unwrap();
    join(&beside);
    assert_eq!(read(&volume, 0, 4096), [2; 4096]);
}

#[test]
fn a_hole_is_not_punched_under_a_reader() {
    for whole in [true, false] {
        let (hooked, volume) = made();
        write(&volume, 0, &[1; 8192]);
        volume.flush().unwrap();
        let late = volume.clone();
        let beside = hooked.beside(Step::BeforeRead, "data.", move || {
            late.trim(0, 4096).unwrap();
            late.flush().unwrap();
        });
        let bytes = read(&volume, 0, if whole { 4096 } else { 100 });
        join(&beside);
        assert!(bytes.iter().all(|b| *b == 1) || bytes.iter().all(|b| *b == 0), "{:02x?}…", &bytes[..8]);
    }
}
