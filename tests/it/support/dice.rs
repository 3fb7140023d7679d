//! Reproducible randomness: a test prints its seed, and `SEED=… cargo test` repeats the run.

use std::sync::atomic::{AtomicU64, Ordering};

/// A generator of random numbers.
pub(crate) struct Dice(AtomicU64);

impl Dice {
    /// Seeded by the variable `SEED`, or freshly; prints the seed.
    pub(crate) fn thrown(test: &str) -> Self {
        let given = std::env::var("SEED").ok();
        let seed = given
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(cleudocodebot::random::seed);
        println!("{test}: SEED={seed}");
        Self(AtomicU64::new(seed))
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        // SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators".
        let step = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bound = bound.max(1) as u64;
        usize::try_from((z ^ (z >> 31)) % bound).expect("below a usize")
    }

    /// True in `chance` of a hundred cases.
    pub(crate) fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// Shuffles a list (Fisher and Yates).
    pub(crate) fn shuffle<T>(&self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}
