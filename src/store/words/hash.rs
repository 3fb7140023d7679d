//! The hash of words while they are gathered. Each word of each message is looked up, and the standard hash costs
//! several times what finding the words does.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// Odd, and half of its bits set: the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Makes hashes that nobody can foresee: the words are those of strangers, and many with one hash would cost time.
#[derive(Clone)]
pub(super) struct WordHashes(u64);

impl Default for WordHashes {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for WordHashes {
    type Hasher = WordHasher;

    fn build_hasher(&self) -> WordHasher {
        WordHasher(self.0)
    }
}

/// Eight bytes at a time, each mixed in by a product of 128 bits whose halves are folded (as wyhash and foldhash do:
/// <https://github.com/orlp/foldhash>).
pub(super) struct WordHasher(u64);

impl WordHasher {
    fn mix(&mut self, bytes: [u8; 8]) {
        let product = u128::from(self.0 ^ u64::from_le_bytes(bytes)) * u128::from(FACTOR);
        let (low, high) = (product & u128::from(u64::MAX), product >> 64);
        self.0 = u64::try_from(low ^ high).unwrap_or_default();
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.mix(*eight);
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            // There is room: a NUL at the end counts.
            last[7] = bytes.len().to_le_bytes()[0];
            self.mix(last);
        }
    }

    /// What a text ends with, so that a word is no beginning of another.
    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        let mut last = Self(self.0);
        last.mix(FACTOR.to_le_bytes());
        last.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_that_differ_little_have_hashes_that_differ_in_each_half() {
        let hashes = WordHashes::default();
        let of = |at: u32| hashes.hash_one(format!("palavra{at}"));
        // Of 20,000 hashes of 32 bits two are the same in one of twenty runs; ten never are.
        for half in [0, 32] {
            let seen: HashSet<u64> = (0..20_000).map(|at| of(at) >> half & 0xffff_ffff).collect();
            assert!(seen.len() > 19_990, "{} of 20,000", seen.len());
        }
        assert_ne!(hashes.hash_one("a"), hashes.hash_one("a\0"));
        assert_ne!(hashes.hash_one(""), hashes.hash_one("\0"));
    }

    #[test]
    fn nobody_can_foresee_them() {
        let (one, other) = (WordHashes::default(), WordHashes::default());
        assert_ne!(one.hash_one("olá"), other.hash_one("olá"));
    }
}
