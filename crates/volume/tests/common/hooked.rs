//! A file system that calls back at a step of the volume's, so that requests fall exactly between two of them.

use super::{DIR, key, shared, spec};
use env::{Clock, Files, Moment, RealClock, SimFiles, SimOp};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use volume::{Device, VolumeError, VolumeSpec};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    BeforeRead,
    AfterRead,
    AfterSync,
    BeforePunch,
}

impl Step {
    fn parts(self) -> (Moment, SimOp) {
        match self {
            Step::BeforeRead => (Moment::Before, SimOp::Read),
            Step::AfterRead => (Moment::After, SimOp::Read),
            Step::AfterSync => (Moment::After, SimOp::Sync),
            Step::BeforePunch => (Moment::Before, SimOp::Punch),
        }
    }
}

/// A file system that runs a hook, once, at the next step of its kind on a file whose path contains a text.
#[derive(Clone)]
pub struct Hooked {
    pub files: SimFiles,
}

impl Hooked {
    pub fn at(&self, step: Step, path: &'static str, hook: impl FnOnce() + Send + 'static) {
        let hook = Mutex::new(Some(hook));
        self.files.slow(move |moment, op, at| {
            if (moment, op) == step.parts() && at.to_string_lossy().contains(path) {
                let due = hook.lock().unwrap().take();
                if let Some(hook) = due {
                    hook();
                }
            }
        });
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

/// A new encrypted volume on a file system with hooks.
pub fn made() -> (Hooked, Arc<Device>) {
    made_by(volume::create)
}

/// The same, made by this.
pub fn made_by(
    create: impl FnOnce(&Arc<dyn Files>, &Path, &VolumeSpec) -> Result<(), VolumeError>,
) -> (Hooked, Arc<Device>) {
    let hooked = Hooked { files: SimFiles::new(1) };
    let files = shared(&hooked.files);
    create(&files, Path::new(DIR), &spec(1 << 30, true)).unwrap();
    (hooked, super::open_in(files, Path::new(DIR), key(true)).unwrap())
}
