//! Which code an input reached, and which constants it was compared with: LLVM's SanitizerCoverage callbacks.
//! <https://clang.llvm.org/docs/SanitizerCoverage.html>
//!
//! The instrumented crates bring one byte per edge of their control flow and count in it; each announces its bytes once at
//! start. Not instrumented, there are no bytes, and every input looks alike.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Modules whose counters are remembered; a crate is one module.
const MODULES_MAX: usize = 64;
static STARTS: [AtomicUsize; MODULES_MAX] = [const { AtomicUsize::new(0) }; MODULES_MAX];
static LENGTHS: [AtomicUsize; MODULES_MAX] = [const { AtomicUsize::new(0) }; MODULES_MAX];
static MODULES: AtomicUsize = AtomicUsize::new(0);

/// Constants that the code compared something with: good pieces for the next inputs.
const CONSTANTS: usize = 1024;
static COMPARED: [AtomicU64; CONSTANTS] = [const { AtomicU64::new(0) }; CONSTANTS];

/// Called by each instrumented module before `main`.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    let module = MODULES.fetch_add(1, Ordering::Relaxed);
    if let (Some(place), Some(length)) = (STARTS.get(module), LENGTHS.get(module)) {
        length.store(end as usize - start as usize, Ordering::Relaxed);
        place.store(start as usize, Ordering::Relaxed);
    }
}

fn compared(constant: u64) {
    // Small ones are everywhere and teach nothing.
    if constant > 255 {
        let slot = (constant.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize;
        if let Some(cell) = COMPARED.get(slot) {
            cell.store(constant, Ordering::Relaxed);
        }
    }
}

macro_rules! comparisons {
    ($($name:ident $type:ty),*) => { $(
        #[unsafe(no_mangle)]
        extern "C" fn $name(constant: $type, _value: $type) {
            compared(u64::from(constant));
        }
    )* };
}
comparisons!(
    __sanitizer_cov_trace_const_cmp1 u8, __sanitizer_cov_trace_const_cmp2 u16,
    __sanitizer_cov_trace_const_cmp4 u32, __sanitizer_cov_trace_const_cmp8 u64,
    __sanitizer_cov_trace_cmp1 u8, __sanitizer_cov_trace_cmp2 u16,
    __sanitizer_cov_trace_cmp4 u32, __sanitizer_cov_trace_cmp8 u64
);

#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_trace_switch(_value: u64, cases: *const u64) {
    // SAFETY: the compiler passes an array of static data whose first word is the number of cases that follow two words.
    let (count, values) = unsafe { (*cases, cases.add(2)) };
    for n in 0..count.min(64) as usize {
        // SAFETY: `n` is below the count that the array states.
        compared(unsafe { *values.add(n) });
    }
}

/// A constant seen in a comparison, by number; 0 if that place holds none.
pub fn constant(number: usize) -> u64 {
    COMPARED.get(number % CONSTANTS).map_or(0, |cell| cell.load(Ordering::Relaxed))
}

/// The features of code reached so far: for each edge the magnitudes of its count.
#[derive(Default)]
pub struct Seen {
    edges: Vec<u8>,
}

impl Seen {
    /// Takes the counters of the last run in and clears them; answers whether something was new.
    pub fn absorb(&mut self) -> bool {
        let mut new = false;
        let mut base = 0;
        for module in 0..MODULES.load(Ordering::Relaxed).min(MODULES_MAX) {
            let start = STARTS[module].load(Ordering::Relaxed) as *mut u8;
            let length = LENGTHS[module].load(Ordering::Relaxed);
            self.edges.resize(self.edges.len().max(base + length), 0);
            let mut n = 0;
            while n < length {
                // Most counters are zero: skip eight at a time.
                // SAFETY: the module announced `length` static bytes, and eight of them are left; a racing increment of
                // another thread is lost at worst, and volatile access keeps these plain loads and stores.
                if n + 8 <= length && unsafe { start.add(n).cast::<u64>().read_unaligned() } == 0 {
                    n += 8;
                    continue;
                }
                // SAFETY: as above, one byte.
                let count = unsafe { start.add(n).read_volatile() };
                if count != 0 {
                    // SAFETY: as above.
                    unsafe { start.add(n).write_volatile(0) };
                    let edge = &mut self.edges[base + n];
                    new |= *edge & magnitude(count) == 0;
                    *edge |= magnitude(count);
                }
                n += 1;
            }
            base += length;
        }
        new
    }

    /// Edges reached at all.
    pub fn reached(&self) -> usize {
        self.edges.iter().filter(|e| **e != 0).count()
    }
}

/// How often an edge was taken matters by magnitude only.
fn magnitude(count: u8) -> u8 {
    match count {
        0..=1 => 1,
        2 => 2,
        3 => 4,
        4..8 => 8,
        8..16 => 16,
        16..32 => 32,
        32..128 => 64,
        _ => 128,
    }
}
