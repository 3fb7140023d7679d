//! The hash of words while they are gathered. Each word of each message is looked up, and the standard hash costs
//! several times what finding the words does.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// Makes hashes that nobody can foresee: the words are those of strangers, and many with one hash would cost time.
#[derive(Clone)]
pub(super) struct WordHashes([u64; 2]);

impl Default for WordHashes {
    fn default() -> Self {
        let random = RandomState::new();
        Self([random.hash_one(0), random.hash_one(1)])
    }
}

impl BuildHasher for WordHashes {
    type Hasher = WordHasher;

    fn build_hasher(&self) -> WordHasher {
        let [one, other] = self.0;
        WordHasher { one, other }
    }
}

/// Sixteen bytes at a time, as many as a word has: a product of 128 bits whose halves are folded (as wyhash and
/// foldhash do: <https://github.com/orlp/foldhash>).
pub(super) struct WordHasher {
    one: u64,
    other: u64,
}

impl WordHasher {
    fn mix(&mut self, bytes: u128) {
        let product = u128::from(self.one ^ low(bytes)) * u128::from(self.other ^ low(bytes >> 64));
        self.one = low(product ^ product >> 64);
    }
}

fn low(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default()
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<16>();
        for sixteen in whole {
            self.mix(u128::from_ne_bytes(*sixteen));
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            self.mix(u128::from_ne_bytes(last));
        }
    }

    fn write_u128(&mut self, bytes: u128) {
        self.mix(bytes);
    }

    fn finish(&self) -> u64 {
        self.one
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::words::Term;

    #[test]
    fn words_that_differ_little_have_hashes_that_differ_in_each_half() {
        let hashes = WordHashes::default();
        let of = |at: u32| hashes.hash_one(Term::of(&format!("palav{at}")));
        // Of 20,000 hashes of 32 bits two are the same in one of twenty runs; ten never are.
        for half in [0, 32] {
            let seen: HashSet<u64> = (0..20_000).map(|at| of(at) >> half & 0xffff_ffff).collect();
            assert!(seen.len() > 19_990, "{} of 20,000", seen.len());
        }
        assert_ne!(
            hashes.hash_one(Term::of("a")),
            hashes.hash_one(Term::of("a\0"))
        );
        assert_ne!(
            hashes.hash_one(Term::of("")),
            hashes.hash_one(Term::of("\0"))
        );
    }

    #[test]
    fn nobody_can_foresee_them() {
        let (one, other) = (WordHashes::default(), WordHashes::default());
        let word = Term::of("olá");
        assert_ne!(one.hash_one(word), other.hash_one(word));
    }
}
