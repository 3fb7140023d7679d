//! Words as the index keeps them: their first letters, in so few bytes that they are handed on as numbers are.
//!
//! Not here: whole words and their places (`tokens`), and the index (`store::words`).

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use super::fold::{Folded, fold};

/// The longest word that is kept, in bytes: of longer ones only the beginning is. The message itself
/// decides in the end.
pub const MAX_TERM: usize = 10;

/// How many bytes one takes, whatever its length.
const SIZE: usize = 16;

/// Where the count of its letters is in a term as a number.
const COUNT_SHIFT: usize = 8 * (SIZE - 1 - MAX_TERM);

/// A word as the index keeps it: its bytes, zeros up to [`MAX_TERM`], and their count. Their order is that of their
/// bytes; of two with the same bytes up to a NUL the shorter one is before the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term([u8; SIZE]);

impl Term {
    /// The beginning of a folded word, cut between letters.
    pub fn of(word: &str) -> Self {
        let mut end = word.len().min(MAX_TERM);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        Self::with(&word.as_bytes()[..end])
    }

    /// One that was kept; `None` where it is longer than any.
    pub fn kept(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= MAX_TERM).then(|| Self::with(bytes))
    }

    fn with(bytes: &[u8]) -> Self {
        let mut term = [0; SIZE];
        term[..bytes.len()].copy_from_slice(bytes);
        term[MAX_TERM] = bytes.len().to_le_bytes()[0];
        Self(term)
    }

    /// Of so many letters, which stand from the highest byte on.
    fn of_letters(letters: u128, count: usize) -> Self {
        Self((letters | (count as u128) << COUNT_SHIFT).to_be_bytes())
    }

    /// A word of so many ASCII letters and digits, which these bytes begin with.
    fn ascii(bytes: [u8; SIZE], count: usize) -> Self {
        let kept = count.min(MAX_TERM);
        Self::of_letters(folded_ascii(bytes, kept), kept)
    }

    /// Its letters, folded.
    pub fn bytes(&self) -> &[u8] {
        &self.0[..usize::from(self.0[MAX_TERM])]
    }

    /// How many bytes both begin with.
    pub fn shared(&self, other: Self) -> usize {
        let zeros = (self.number() ^ other.number()).leading_zeros() as usize;
        (zeros / 8).min(self.bytes().len()).min(other.bytes().len())
    }

    fn number(&self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl Hash for Term {
    /// All of it at once, which has its length.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.0));
    }
}

impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number())
    }
}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A term and a number, as one that is sorted by both: what is left of a term has room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberedTerm(u128);

impl NumberedTerm {
    /// Joins them.
    pub fn new(term: Term, number: u32) -> Self {
        Self(term.number() | u128::from(number))
    }

    /// The term.
    pub fn term(self) -> Term {
        Term((self.0 >> COUNT_SHIFT << COUNT_SHIFT).to_be_bytes())
    }

    /// The number.
    pub fn number(self) -> u32 {
        let [.., a, b, c, d] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// Visits the terms of all words of a text, in their order.
pub fn each_term(text: &str, mut visit: impl FnMut(Term)) {
    let bytes = text.as_bytes();
    let (mut at, mut begun) = (0, Beginning::default());
    while let Some(ahead) = bytes.get(at..).filter(|ahead| !ahead.is_empty()) {
        let next = sixteen(ahead);
        let run = alphanumerics(&next);
        let behind = next.get(run);
        let is_end = behind.is_some_and(u8::is_ascii);
        if is_end && begun.length == 0 {
            // Most words, and what is between them.
            if run > 0 {
                visit(Term::ascii(next, run));
            }
            at += run + 1;
            continue;
        }
        begun.add_ascii(next, run);
        at += run;
        if is_end {
            begun.end(&mut visit);
            at += 1;
        } else if behind.is_some() {
            at += begun.character(&text[at..], &mut visit);
        }
    }
    begun.end(&mut visit);
}

/// The first bytes of these; zeros behind the last.
fn sixteen(bytes: &[u8]) -> [u8; SIZE] {
    bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut all = [0; SIZE];
        all[..bytes.len()].copy_from_slice(bytes);
        all
    })
}

/// How many ASCII letters and digits these begin with. All are looked at, at once.
fn alphanumerics(bytes: &[u8; SIZE]) -> usize {
    let mut are = [0; SIZE];
    for (is, byte) in are.iter_mut().zip(bytes) {
        *is = if byte.is_ascii_alphanumeric() {
            u8::MAX
        } else {
            0
        };
    }
    (u128::from_le_bytes(are).trailing_ones() / 8) as usize
}

/// The first ASCII letters and digits of these in lower case, from the highest byte on; zeros behind them.
fn folded_ascii(bytes: [u8; SIZE], count: usize) -> u128 {
    // Digits have the bit already that makes capitals small.
    let small = u128::from_be_bytes(bytes) | u128::from_be_bytes([0x20; SIZE]);
    small & FIRST[count]
}

/// The bits of so many of the highest bytes.
const FIRST: [u128; MAX_TERM + 1] = {
    let (mut all, mut count) = ([0; MAX_TERM + 1], 1);
    while count <= MAX_TERM {
        all[count] = u128::MAX << (8 * (SIZE - count));
        count += 1;
    }
    all
};

/// A word whose letters come one after the other.
#[derive(Default)]
struct Beginning {
    /// Those that are kept, from the highest byte on; zeros behind them.
    letters: u128,
    /// How many bytes they are.
    length: usize,
    /// Whether there was a letter that is not kept; none behind it is.
    is_cut: bool,
}

impl Beginning {
    /// Adds so many ASCII letters and digits, which these bytes begin with.
    fn add_ascii(&mut self, bytes: [u8; SIZE], count: usize) {
        let room = if self.is_cut {
            0
        } else {
            MAX_TERM - self.length
        };
        let kept = count.min(room);
        self.is_cut |= kept < count;
        if kept > 0 {
            self.letters |= folded_ascii(bytes, kept) >> (8 * self.length);
            self.length += kept;
        }
    }

    /// Adds what the first character of this text is to a word, which is not ASCII; how many bytes it has.
    fn character(&mut self, text: &str, visit: &mut impl FnMut(Term)) -> usize {
        let Some(c) = text.chars().next() else {
            return text.len();
        };
        match fold(c) {
            Folded::Letter(letter) => self.add(letter),
            Folded::Pair(one, two) => {
                self.add(one);
                self.add(two);
            }
            Folded::Alone(letter) => {
                self.end(visit);
                self.add(letter);
                self.end(visit);
            }
            // On the letter before it, or on none.
            Folded::Mark => {}
            Folded::Gap => self.end(visit),
        }
        c.len_utf8()
    }

    /// Adds a folded letter.
    fn add(&mut self, letter: char) {
        let length = letter.len_utf8();
        self.is_cut |= self.length + length > MAX_TERM;
        if self.is_cut {
            return;
        }
        let mut bytes = [0; SIZE];
        letter.encode_utf8(&mut bytes);
        self.letters |= u128::from_be_bytes(bytes) >> (8 * self.length);
        self.length += length;
    }

    /// The word ends here, if one began.
    fn end(&mut self, visit: &mut impl FnMut(Term)) {
        if self.length > 0 {
            visit(Term::of_letters(self.letters, self.length));
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{super::Words, *};

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

        #[test]
        fn with_numbers_they_are_in_the_order_of_both(
            (one, a) in (vec(0..2_u8, 0..=MAX_TERM), 0..3_u32),
            (other, b) in (vec(0..2_u8, 0..=MAX_TERM), any::<u32>()),
        ) {
            let numbered = |bytes: &[u8], number| NumberedTerm::new(Term::with(bytes), number);
            let (first, second) = (numbered(&one, a), numbered(&other, b));
            prop_assert_eq!(first.cmp(&second), (&one, a).cmp(&(&other, b)));
            prop_assert_eq!((first.term(), first.number()), (Term::with(&one), a));
            let shared = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(first.term().shared(second.term()), shared);
        }

        #[test]
        fn those_of_a_text_are_those_of_its_words(
            text in prop_oneof!["[a-zA-Z0-9 áÇßÆ日ж\u{301},]{0,48}", any::<String>()],
        ) {
            let mut terms = Vec::new();
            each_term(&text, |term| terms.push(term));
            let words: Vec<Term> = Words::default().of(&text).iter().map(Term::of).collect();
            prop_assert_eq!(terms, words);
        }
    }
}
