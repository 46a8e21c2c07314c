//! One life of a volume, with the power cut at every change of it, one after the other, and every kind of crash at each. What comes
//! after the cut goes on on what the crash left, to the end.

use crate::run::{MIB, Run, SIZE, Setup};
use crate::telling;
use env::Crash;
use std::collections::BTreeMap;

impl Run {
    /// Everything that a volume can go through, once.
    fn life(&mut self) {
        let from = self.setup.restored.then(|| self.origin());
        self.create(from.as_deref());
        self.write(0, 8192);
        self.write(MIB - 4096 - 100, 5000);
        self.flush();
        self.zero(4096, 4096);
        self.write(SIZE - 4096, 4096);
        self.freeze(false);
        self.write(100, 1000);
        self.trim(MIB - 8192, 8192);
        self.check_frozen();
        self.flush();
        self.freeze(false);
        self.write(4096, 512);
        self.store_and_thaw();
        self.merge(false);
        self.load(Some(0));
        self.grow();
        self.write(64 * MIB - 4096, 8192);
        self.store_and_thaw();
        self.merge(false);
        self.load(None);
        self.reopen();
        self.write(8192, 8192);
        self.kill();
        self.flush();
        self.write(32 * MIB - 512, 1024);
        self.freeze(true);
        self.store_and_thaw();
        self.merge(false);
        self.close();
    }
}

/// Cuts the power at this change of a life; what the change was.
fn cut(setup: Setup, at: u64) -> String {
    let mut run = Run::empty(setup);
    run.files.cut_power_after(at);
    telling(&mut run, |run| {
        run.life();
        if run.files.is_dark() {
            run.crash();
        }
        // At the latest while it was cleared up.
        run.finish_through_a_cut();
        assert_eq!(run.crashes, 1, "the power went once, at change {at}");
    });
    let (op, path) = run.files.cut_at().unwrap();
    format!("{op:?} {}", path.file_name().unwrap_or_default().to_string_lossy())
}

#[test]
fn the_power_may_go_at_every_change_of_a_volumes_life() {
    let all_kinds = std::env::var("SEALVOL_MODEL_STEPS").is_ok();
    // In the bounded run every point has one kind of crash, in turn.
    let kinds = [Crash::Lost, Crash::Kept, Crash::Mixed];
    let setups: &[(bool, bool)] = match all_kinds {
        true => &[(true, true), (false, false), (true, false), (false, true)],
        false => &[(true, true)],
    };
    for (encrypted, restored) in setups {
        let setup = |how| Setup { seed: 7, encrypted: *encrypted, restored: *restored, how: Some(how) };
        let mut whole = Run::empty(setup(Crash::Lost));
        whole.life();
        whole.finish();
        let (points, mut crashes) = (whole.files.changes(), 0);
        assert!(points > 150 && whole.crashes == 0, "{points} changes: a life with so few is none");
        let mut names = BTreeMap::<String, u64>::new();
        for at in 1..=points {
            for (n, how) in kinds.into_iter().enumerate() {
                if all_kinds || at % 3 == n as u64 {
                    *names.entry(cut(setup(how), at)).or_default() += 1;
                    crashes += 1;
                }
            }
        }
        println!("encrypted {encrypted}, restored {restored}: {points} points, {crashes} crashes: {names:?}");
    }
}

impl Run {
    fn finish_through_a_cut(&mut self) {
        let finished = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.finish()));
        if let Err(panic) = finished {
            if !self.files.is_dark() {
                std::panic::resume_unwind(panic);
            }
            self.crash();
            self.finish();
        }
    }
}
