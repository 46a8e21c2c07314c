//! Long work in threads of its own, known by name, so that who asked need not wait. The table forgets everything with the process;
//! the jobs that ask are what is durable.

use crate::HostError;
use crate::storage::{Ended, Progress};
use base::Fault;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Works at a time. More cores than this are better spent on guests.
const RUNNING_MAX: usize = 6;
/// Of these, works that nobody waits for (loading in the background).
const PATIENT_MAX: usize = 3;

/// How one work goes.
#[derive(Default)]
pub(crate) struct Course {
    done: AtomicU64,
    total: AtomicU64,
    pub stop: AtomicBool,
    result: Mutex<Option<Result<Ended, HostError>>>,
    patient: bool,
}

impl Course {
    /// Says how far the work is.
    pub fn at(&self, done: u64, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
    }

    fn is_running(&self) -> bool {
        self.result.lock().is_none()
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            ended: None,
        }
    }
}

/// All works of a host.
#[derive(Default)]
pub(crate) struct Works {
    known: Arc<Mutex<HashMap<String, Arc<Course>>>>,
    stopping: AtomicBool,
}

impl Works {
    /// How the work of this name goes; starts it if it is not known. `patient` work leaves room for what somebody waits for. When
    /// there is no room, nothing is started and the caller is expected to ask again.
    pub fn ask(
        &self,
        name: &str,
        patient: bool,
        work: impl FnOnce(&Course) -> Result<Ended, HostError> + Send + 'static,
    ) -> Result<Progress, HostError> {
        let mut known = self.known.lock();
        if let Some(course) = known.get(name).cloned() {
            let ended = match &*course.result.lock() {
                None => return Ok(course.progress()),
                Some(Ok(ended)) => Some(ended.clone()),
                Some(Err(_)) => None,
            };
            if let Some(ended) = ended {
                return Ok(Progress { ended: Some(ended), ..course.progress() });
            }
            // A failure is told once; asked again, the work begins again.
            known.remove(name);
            return match course.result.lock().take() {
                Some(Err(error)) => Err(error),
                _ => Err(HostError::Fault(Fault::new("a work's failure was taken twice"))),
            };
        }
        let running = known.values().filter(|c| c.is_running()).count();
        let patients = known.values().filter(|c| c.is_running() && c.patient).count();
        if running >= RUNNING_MAX
            || (patient && patients >= PATIENT_MAX)
            || self.stopping.load(Ordering::Relaxed)
        {
            return Ok(Progress { done: 0, total: 0, ended: None });
        }
        let course = Arc::new(Course { patient, ..Course::default() });
        known.insert(name.to_owned(), course.clone());
        drop(known);
        let (mine, table, owned) = (course.clone(), self.known.clone(), name.to_owned());
        let started = env::spawn("work", move || {
            let result = work(&mine);
            *mine.result.lock() = Some(result);
            // Told to stop: nobody will ask how it ended.
            if mine.stop.load(Ordering::Relaxed) {
                table.lock().remove(&owned);
            }
        });
        if let Err(error) = started {
            self.known.lock().remove(name);
            return Err(HostError::Fault(Fault::caused("starting a thread for work", error)));
        }
        Ok(course.progress())
    }

    /// Tells the work to stop, and forgets it once it has ended.
    pub fn forget(&self, name: &str) {
        let mut known = self.known.lock();
        if let Some(course) = known.get(name) {
            course.stop.store(true, Ordering::Relaxed);
            if !course.is_running() {
                known.remove(name);
            }
        }
    }

    /// Tells all work on a volume or snapshot (other than `own`) to stop: what it works on is about to go. Work is named after
    /// what it is about, `store/snap-…`. Returns whether none is at it any more.
    pub fn stop_about(&self, id: &str, own: &str) -> bool {
        let mut still = false;
        for (name, course) in self.known.lock().iter().filter(|(name, _)| name.ends_with(id) && *name != own)
        {
            tracing::debug!(name, "told to stop");
            course.stop.store(true, Ordering::Relaxed);
            still |= course.is_running();
        }
        !still
    }

    /// Whether a work of this name is still at it.
    #[cfg(test)]
    pub fn is_running(&self, name: &str) -> bool {
        self.known.lock().get(name).is_some_and(|c| c.is_running())
    }

    /// Tells everything to stop and takes no more. Returns whether nothing runs any more.
    pub fn stop_all(&self) -> bool {
        self.stopping.store(true, Ordering::Relaxed);
        let known = self.known.lock();
        known.values().for_each(|course| course.stop.store(true, Ordering::Relaxed));
        !known.values().any(|course| course.is_running())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn settled(works: &Works, name: &str) -> Result<Progress, HostError> {
        while works.is_running(name) {
            std::thread::yield_now();
        }
        works.ask(name, false, |_| panic!("it was known"))
    }

    #[test]
    fn work_is_started_once_and_its_end_can_be_asked_for_again() {
        let works = Works::default();
        let (go, wait) = mpsc::channel::<()>();
        let begun = works.ask("a", false, move |course| {
            course.at(3, 10);
            wait.recv().unwrap();
            Ok(Ended { chunks: 7, ..Ended::default() })
        });
        assert!(begun.unwrap().ended.is_none());
        while works.ask("a", false, |_| panic!("started twice")).unwrap().percent() != 30 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        for _ in 0..2 {
            assert_eq!(settled(&works, "a").unwrap().ended.unwrap().chunks, 7);
        }
        works.forget("a");
        assert!(works.ask("a", false, |_| Ok(Ended::default())).unwrap().ended.is_none(), "it began again");
    }

    #[test]
    fn a_failure_is_told_once_and_then_the_work_begins_again() {
        let works = Works::default();
        works.ask("a", false, |_| Err(HostError::Fault(Fault::new("broken")))).unwrap();
        assert!(settled(&works, "a").is_err());
        works.ask("a", false, |_| Ok(Ended { chunks: 1, ..Ended::default() })).unwrap();
        assert_eq!(settled(&works, "a").unwrap().ended.unwrap().chunks, 1);
    }

    #[test]
    fn patient_work_leaves_room_and_too_much_work_waits() {
        let works = Works::default();
        let held: Vec<mpsc::Sender<()>> = (0..RUNNING_MAX + 2)
            .filter_map(|n| {
                let (go, wait) = mpsc::channel::<()>();
                let patient = n < PATIENT_MAX + 1;
                works
                    .ask(&n.to_string(), patient, move |_| {
                        Ok(wait.recv().map_or(Ended::default(), |()| Ended::default()))
                    })
                    .unwrap();
                works.is_running(&n.to_string()).then_some(go)
            })
            .collect();
        assert!(!works.is_running(&PATIENT_MAX.to_string()), "one patient too many");
        assert_eq!(held.len(), RUNNING_MAX);
        drop(held);
    }

    #[test]
    fn what_is_about_to_go_is_worked_on_by_nobody() {
        let works = Works::default();
        let until_stopped = |course: &Course| {
            while !course.stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            Ok(Ended::default())
        };
        works.ask("store/snap-1", false, until_stopped).unwrap();
        works.ask("store/snap-2", false, until_stopped).unwrap();
        assert!(works.stop_about("snap-3", "") && works.stop_about("snap-2", "store/snap-2"));
        while !works.stop_about("snap-1", "discard/snap-1") {
            std::thread::yield_now();
        }
        assert!(!works.is_running("store/snap-1") && works.is_running("store/snap-2"));
        works.forget("store/snap-2");
    }

    #[test]
    fn forgetting_tells_running_work_to_stop() {
        let works = Works::default();
        works
            .ask("a", false, |course| {
                while !course.stop.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                Err(HostError::Fault(Fault::new("stopped")))
            })
            .unwrap();
        works.forget("a");
        while works.is_running("a") {
            std::thread::yield_now();
        }
        assert!(works.stop_all());
        assert!(works.ask("b", false, |_| panic!("nothing starts any more")).unwrap().ended.is_none());
    }
}
