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
    // In the bounded run every point has one kind of crash, in turn; with integrity, where there are many more, every third point.
    let kinds = [Crash::Lost, Crash::Kept, Crash::Mixed];
    let of = |encrypted, integrity, restored| Setup { seed: 7, encrypted, integrity, restored, how: None };
    let any = [false, true];
    let setups: Vec<Setup> = match all_kinds {
        true => (0..8).map(|n| of(any[n & 1], any[n >> 1 & 1], any[n >> 2])).collect(),
        false => any.map(|integrity| of(true, integrity, true)).into(),
    };
    for one in setups {
        let setup = |how| Setup { how: Some(how), ..one };
        let mut whole = Run::empty(setup(Crash::Lost));
        whole.life();
        whole.finish();
        let (points, mut crashes) = (whole.files.changes(), 0);
        assert!(points > 150 && whole.crashes == 0, "{points} changes: a life with so few is none");
        let mut names = BTreeMap::<String, u64>::new();
        for at in 1..=points {
            for (n, how) in kinds.into_iter().enumerate() {
                let turn = if one.integrity { at % 9 == 3 * n as u64 } else { at % 3 == n as u64 };
                if all_kinds || turn {
                    *names.entry(cut(setup(how), at)).or_default() += 1;
                    crashes += 1;
                }
            }
        }
        println!("{one:?}: {points} points, {crashes} crashes: {names:?}");
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
