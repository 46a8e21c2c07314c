//! Removes what was stored of a snapshot that will never be completed.
//!
//! 1. discard: the host removes the objects that the snapshot wrote.
//! 2. tidy: the rows of its blocks are removed.

use super::{About, LOOK_AGAIN, line, remove_rows, work};
use api::{Answer, Cx};
use host::{StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};

pub struct DiscardDraftJob;

impl Job for DiscardDraftJob {
    const KIND: &'static str = "ebs:discard-draft";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "discard", run: discard, undo: |_, _, _| Ok(()) },
        Step { name: "tidy", run: tidy, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, snapshot: &str) -> Answer<()> {
    let line = line(cx, snapshot);
    jobs::enqueue::<DiscardDraftJob>(cx, &line, &About { snapshot: snapshot.to_owned() })
}

fn name(run: &Run, about: &About) -> String {
    format!("discard/{}/{}", run.request.region, about.snapshot)
}

fn discard(run: &Run, about: &mut About) -> StepResult {
    let objects = Work::Discard { region: run.request.region.to_string(), snapshot: about.snapshot.clone() };
    match work(run, &name(run, about), &objects)? {
        Ok(_) => Ok(()),
        Err(_) => Err(StepError::Later(LOOK_AGAIN)),
    }
}

fn tidy(run: &Run, about: &mut About) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&name(run, about));
    remove_rows(run, about)
}
