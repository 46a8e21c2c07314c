//! A file system that calls back at a step of the volume's, so that requests fall exactly between two of them.

use super::{DIR, key, spec};
use env::{Clock, File, Files, RealClock, SimFiles};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use volume::{Device, VolumeError, VolumeSpec};

type Hook = Box<dyn FnOnce() + Send>;
type Hooks = Arc<Mutex<Option<(Step, &'static str, Hook)>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    BeforeRead,
    AfterRead,
    AfterSync,
    BeforePunch,
}

/// A file system that runs a hook, once, at the next step of its kind on a file whose path contains a text.
#[derive(Clone)]
pub struct Hooked {
    pub files: SimFiles,
    hook: Hooks,
}

struct HookedFile {
    file: Arc<dyn File>,
    path: PathBuf,
    hook: Hooks,
}

impl Hooked {
    pub fn at(&self, step: Step, path: &'static str, hook: impl FnOnce() + Send + 'static) {
        *self.hook.lock().unwrap() = Some((step, path, Box::new(hook)));
    }

    /// Starts `work` on another thread at the step and gives it time, but does not wait for it: it may have to wait for
    /// us. Joined by the returned handle.
    pub fn beside(
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

pub fn join(started: &Mutex<Option<JoinHandle<()>>>) {
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

/// A new encrypted volume on a file system with hooks.
pub fn made() -> (Hooked, Arc<Device>) {
    made_by(volume::create)
}

/// The same, made by this.
pub fn made_by(
    create: impl FnOnce(&Arc<dyn Files>, &Path, &VolumeSpec) -> Result<(), VolumeError>,
) -> (Hooked, Arc<Device>) {
    let hooked = Hooked { files: SimFiles::new(1), hook: Arc::default() };
    let files: Arc<dyn Files> = Arc::new(hooked.clone());
    create(&files, Path::new(DIR), &spec(1 << 30, true)).unwrap();
    (hooked, super::open_in(files, Path::new(DIR), key(true)).unwrap())
}
