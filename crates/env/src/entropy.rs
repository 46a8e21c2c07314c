//! Randomness for secrets: keys, nonces, salts. Ids draw from a source of their own (`Ids`).

use parking_lot::Mutex;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`. The real source does not return until the kernel's generator is ready, and aborts the
    /// process if the kernel has none: continuing without entropy would make keys guessable.
    fn fill(&self, bytes: &mut [u8]);
}

/// The kernel's generator.
pub struct RealEntropy;

impl Entropy for RealEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// SplitMix64 from a seed: the same seed gives the same bytes. For tests only; not for secrets.
pub struct SimEntropy {
    state: Mutex<u64>,
}

impl SimEntropy {
    pub fn new(seed: u64) -> Self {
        SimEntropy { state: Mutex::new(seed) }
    }

    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock();
        for chunk in bytes.chunks_mut(8) {
            let word = Self::next(&mut state).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_real_entropy_does_not_repeat() {
        let draw = |e: &dyn Entropy| {
            let mut b = [0; 33];
            e.fill(&mut b);
            b
        };
        assert_eq!(draw(&SimEntropy::new(7)), draw(&SimEntropy::new(7)));
        assert_ne!(draw(&SimEntropy::new(7)), draw(&SimEntropy::new(8)));
        assert_ne!(draw(&RealEntropy), draw(&RealEntropy));
    }
}
