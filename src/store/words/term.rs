//! A word as the index keeps it: its first letters, in so few bytes that it is handed on as a number is.
//!
//! Not here: what a word is (`crate::words`).

use std::hash::{Hash, Hasher};

/// The longest word that is kept, in bytes: of longer ones only the beginning is. The message itself
/// decides in the end.
pub(super) const MAX_TERM: usize = 10;

/// How many bytes one takes, whatever its length.
const SIZE: usize = 16;

/// A word as the index keeps it. Their order is that of their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term([u8; SIZE]);

impl Term {
    /// The beginning of a word, cut between letters.
    pub(super) fn of(word: &str) -> Self {
        let mut end = word.len().min(MAX_TERM);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        Self::with(&word.as_bytes()[..end])
    }

    /// One that was kept; `None` where it is longer than any.
    pub(super) fn kept(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= MAX_TERM).then(|| Self::with(bytes))
    }

    /// Of two with the same bytes up to a NUL the shorter one is before the other, by what is last.
    fn with(bytes: &[u8]) -> Self {
        let mut term = [0; SIZE];
        term[..bytes.len()].copy_from_slice(bytes);
        term[SIZE - 1] = bytes.len().to_le_bytes()[0];
        Self(term)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[..usize::from(self.0[SIZE - 1])]
    }
}

impl Hash for Term {
    /// All of it at once, which has its length.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn kept(word: &str) -> String {
        String::from_utf8(Term::of(word).bytes().to_vec()).expect("text")
    }

    #[test]
    fn a_long_word_is_cut_between_letters() {
        assert_eq!(kept("constitucionalmente"), "constituci");
        assert_eq!(kept("абвгдежз"), "абвгд");
        assert_eq!(kept("語語語語"), "語語語");
        assert_eq!(Term::kept(b"constitucio"), None);
    }

    proptest! {
        #[test]
        fn they_are_in_the_order_of_their_bytes(
            one in vec(0..3_u8, 0..=MAX_TERM),
            other in vec(0..3_u8, 0..=MAX_TERM),
        ) {
            let (a, b) = (Term::with(&one), Term::with(&other));
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
            prop_assert_eq!(a.bytes(), one);
        }
    }
}
