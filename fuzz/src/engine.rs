//! The loop: take an input that reached something new, change it, run it, keep it if it reached something new again.

use crate::coverage::Seen;
use crate::random::Random;
use crate::{memory, mutate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// One input may take so long; readers need microseconds.
const TIME_MAX: Duration = Duration::from_secs(3);

/// What is fuzzed.
pub struct Target {
    pub name: &'static str,
    /// Good inputs to begin with.
    pub seeds: Vec<Vec<u8>>,
    /// Words of the language, for inserting.
    pub words: Vec<&'static [u8]>,
    pub length_max: usize,
    /// Bytes that one input may make the reader allocate.
    pub memory_max: usize,
    /// Runs one input. Panics if something that must hold does not.
    pub run: Box<Run>,
}

/// One input for the reader under test.
pub type Run = dyn FnMut(&[u8]);

/// Set by the hook: a panic in any thread counts, also one that a runtime catches.
static PANICKED: AtomicBool = AtomicBool::new(false);

fn watch_for_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANICKED.store(true, Ordering::SeqCst);
        eprintln!("{info}");
    }));
}

fn try_one(
    target: &mut (impl FnMut(&[u8]) + ?Sized),
    input: &[u8],
    memory_max: usize,
) -> Result<Duration, String> {
    let mark = memory::mark();
    let start = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| target(input)));
    let took = start.elapsed();
    let peak = memory::peak_above(mark);
    // Taken back first, or the next target would be blamed.
    if PANICKED.swap(false, Ordering::SeqCst) || ended.is_err() {
        return Err("panic".into());
    }
    if took > TIME_MAX {
        return Err(format!("took {took:?}"));
    }
    if peak > memory_max {
        return Err(format!("allocated {peak} bytes, {memory_max} are allowed"));
    }
    Ok(took)
}

/// Fuzzes for a while.
pub fn run(mut target: Target, during: Duration, seed: u64) -> Result<(), String> {
    watch_for_panics();
    let mut random = Random::new(seed);
    let mut seen = Seen::default();
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    let mut slowest = Duration::ZERO;
    let mut runs = 0_u64;
    for input in std::mem::take(&mut target.seeds) {
        try_one(&mut *target.run, &input, target.memory_max)
            .map_err(|why| keep(target.name, &input, &why))?;
        seen.absorb();
        corpus.push(input);
    }
    let start = Instant::now();
    while start.elapsed() < during {
        let mut input = corpus[random.below(corpus.len())].clone();
        let other = corpus[random.below(corpus.len())].clone();
        mutate::mutate(&mut input, &other, &target.words, target.length_max, &mut random);
        let took = try_one(&mut *target.run, &input, target.memory_max)
            .map_err(|why| keep(target.name, &input, &why))?;
        slowest = slowest.max(took);
        runs += 1;
        if seen.absorb() {
            corpus.push(input);
        }
    }
    println!(
        "{:<12} {runs:>9} inputs, {:>6} edges, {:>5} kept, slowest {slowest:?}, seed {seed}",
        target.name,
        seen.reached(),
        corpus.len()
    );
    Ok(())
}

/// Writes an input that broke something where it can be found.
fn keep(name: &str, input: &[u8], why: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("found");
    let number = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    let path = folder.join(format!("{name}-{number:016x}"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
    let shown: String =
        input.iter().take(400).flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect();
    format!("{why}; input of {} bytes in {} ({written:?}): {shown}", input.len(), path.display())
}

/// Runs one kept input again.
pub fn replay(mut target: Target, path: &Path) -> Result<(), String> {
    let input = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    watch_for_panics();
    let took = try_one(&mut *target.run, &input, target.memory_max)?;
    println!("{}: fine, {took:?}", target.name);
    Ok(())
}
