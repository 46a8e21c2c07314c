//! The runner against a real catalog: every step failing, being refused, and being run again after a crash.
// An integration test is all test; its helpers may panic like one.
#![allow(clippy::unwrap_used, clippy::panic)]

use api::{Caller, Door, Registry, Request};
use base::{AccountId, Fault, Refusal, Region};
use jobs::{Job, JobRow, Kinds, Run, Runner, Step, StepError, StepResult};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// What a test job does: a list of what its steps shall answer, and what they did.
#[derive(Serialize, Deserialize, Default)]
struct Script {
    name: String,
    /// Step that is refused, and step that faults once.
    refuse_at: Option<usize>,
    fault_once_at: Option<usize>,
    faulted: bool,
}

/// What the steps did, as rows, so that the test sees what a crash would leave.
#[derive(Clone, Serialize, Deserialize)]
struct Done {
    id: String,
}

impl catalog::Row for Done {
    const TABLE: catalog::Table = catalog::Table { name: "done", indexes: &[] };
    fn key(&self) -> String {
        self.id.clone()
    }
}

fn step(number: usize, run: &Run, script: &mut Script) -> StepResult {
    let fault = script.fault_once_at == Some(number) && run.attempts == 0;
    note(run, script, &format!("run{number}"));
    if fault {
        script.faulted = true;
        return Err(StepError::Fault(Fault::new("the disk is full")));
    }
    if script.refuse_at == Some(number) {
        return Err(StepError::Refused(Refusal::new("No", "not today")));
    }
    Ok(())
}

fn undo(number: usize, run: &Run, script: &mut Script, why: &Refusal) -> StepResult {
    assert_eq!(why.message, "not today");
    note(run, script, &format!("undo{number}"));
    Ok(())
}

fn note(run: &Run, script: &Script, what: &str) {
    run.transact(&wire::generated::ec2::SERVICE, |cx| {
        let count = cx.tx.scan::<Done>(&format!("{}/", script.name), None, usize::MAX)?.len();
        Ok(cx.tx.put(&Done { id: format!("{}/{count:03}/{what}", script.name) })?)
    })
    .unwrap();
}

struct TestJob;

impl Job for TestJob {
    const KIND: &'static str = "test";
    type State = Script;
    const STEPS: &'static [Step<Script>] = &[
        Step { name: "zero", run: |r, s| step(0, r, s), undo: |r, s, w| undo(0, r, s, w) },
        Step { name: "one", run: |r, s| step(1, r, s), undo: |r, s, w| undo(1, r, s, w) },
        Step { name: "two", run: |r, s| step(2, r, s), undo: |r, s, w| undo(2, r, s, w) },
    ];
}

struct House {
    door: Arc<Door>,
    runner: Arc<Runner>,
    _dir: tempfile::TempDir,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let env = env::Env::real();
    let tables: Vec<catalog::Table> = [api::TABLES, jobs::TABLES, &[<Done as catalog::Row>::TABLE]].concat();
    let url = format!("sqlite:{}", dir.path().join("c.sqlite").display());
    let catalog = catalog::Catalog::open(&url, &tables, env.clock.clone()).unwrap();
    let runner = Arc::new(Runner::default());
    let door = Door::new(env, catalog, Registry::default(), wire::token::TokenKey::new([7; 32]))
        .with_dependency(runner.clone());
    House { door: Arc::new(door), runner, _dir: dir }
}

impl House {
    fn enqueue(&self, resource: &str, script: &Script) {
        let account = AccountId::parse("111122223333").unwrap();
        let caller = Caller::root(account, "AKIATEST", "127.0.0.1", "test");
        let request = Request {
            id: "request".into(),
            region: Region::parse("us-east-1").unwrap(),
            received: self.door.env.clock.now(),
            host: String::new(),
        };
        self.door
            .transact(&caller, &request, &wire::generated::ec2::SERVICE, |cx| {
                jobs::enqueue::<TestJob>(cx, resource, script)
            })
            .unwrap();
    }

    fn start(&self) {
        self.runner.start(&self.door, Kinds::default().with::<TestJob>()).unwrap();
    }

    /// Waits until no job row is left.
    fn drained(&self) {
        for _ in 0..500 {
            if self.door.catalog.begin().unwrap().scan::<JobRow>("", None, 1).unwrap().is_empty() {
                return;
            }
            self.door.env.clock.sleep(Duration::from_millis(20));
        }
        panic!("jobs are stuck");
    }

    fn done(&self, name: &str) -> Vec<String> {
        let rows = self.door.catalog.begin().unwrap().scan::<Done>(&format!("{name}/"), None, 1000).unwrap();
        rows.iter().map(|r| r.id.rsplit('/').next().unwrap().to_owned()).collect()
    }
}

fn script(name: &str) -> Script {
    Script { name: name.into(), ..Default::default() }
}

#[test]
fn steps_run_in_order_and_the_row_is_gone_afterwards() {
    let house = house();
    house.start();
    house.enqueue("r", &script("a"));
    house.drained();
    assert_eq!(house.done("a"), ["run0", "run1", "run2"]);
    house.runner.stop();
}

#[test]
fn a_refusal_at_any_step_undoes_that_step_and_all_before_it() {
    let house = house();
    house.start();
    for (at, expected) in [
        (0, vec!["run0", "undo0"]),
        (1, vec!["run0", "run1", "undo1", "undo0"]),
        (2, vec!["run0", "run1", "run2", "undo2", "undo1", "undo0"]),
    ] {
        let name = format!("refused{at}");
        house.enqueue("r", &Script { refuse_at: Some(at), ..script(&name) });
        house.drained();
        assert_eq!(house.done(&name), expected);
    }
    house.runner.stop();
}

#[test]
fn a_fault_is_tried_again_and_the_job_goes_on() {
    let house = house();
    house.start();
    house.enqueue("r", &Script { fault_once_at: Some(1), ..script("f") });
    house.drained();
    assert_eq!(house.done("f"), ["run0", "run1", "run1", "run2"]);
    house.runner.stop();
}

#[test]
fn jobs_of_one_resource_keep_their_order_even_when_the_first_must_wait() {
    let house = house();
    house.enqueue("same", &Script { fault_once_at: Some(0), ..script("line") });
    house.enqueue("same", &script("line"));
    house.enqueue("other", &script("elsewhere"));
    house.start();
    house.drained();
    assert_eq!(house.done("line"), ["run0", "run0", "run1", "run2", "run0", "run1", "run2"]);
    assert_eq!(house.done("elsewhere"), ["run0", "run1", "run2"]);
    house.runner.stop();
}

#[test]
fn what_an_earlier_run_left_is_taken_up() {
    let house = house();
    // Enqueued before any worker runs, as a crash between commit and first step would leave it.
    house.enqueue("r", &script("left"));
    let fresh = Arc::new(Runner::default());
    assert_eq!(fresh.resume(&house.door).unwrap(), 1);
    fresh.start(&house.door, Kinds::default().with::<TestJob>()).unwrap();
    house.drained();
    assert_eq!(house.done("left"), ["run0", "run1", "run2"]);
    fresh.stop();
}

#[test]
fn a_job_of_an_unknown_kind_waits_and_harms_nobody() {
    let house = house();
    house.runner.start(&house.door, Kinds::default()).unwrap();
    house.enqueue("r", &script("unknown"));
    house.door.env.clock.sleep(Duration::from_millis(100));
    assert_eq!(house.done("unknown"), Vec::<String>::new());
    assert_eq!(house.door.catalog.begin().unwrap().scan::<JobRow>("", None, 9).unwrap().len(), 1);
    house.runner.stop();
}
