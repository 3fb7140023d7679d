//! Cutting a text into words.
//!
//! Not here: what is looked for in them (`query`).

use std::ops::Range;

use super::fold::{Folded, fold};

/// The words of a text, folded, with their places in it. Reused from text to text, it allocates nothing.
#[derive(Debug, Default)]
pub struct Words {
    folded: String,
    words: Vec<Word>,
}

#[derive(Debug, Clone)]
struct Word {
    /// In the folded text.
    folded: Range<usize>,
    /// In the text itself, in bytes.
    place: Range<usize>,
}

impl Words {
    /// The words of this text instead of those of the last one.
    pub fn of(&mut self, text: &str) -> &Self {
        self.folded.clear();
        self.words.clear();
        let (mut at, mut is_inside) = (0, false);
        loop {
            let run = ascii_letters(&text[at..]);
            if !run.is_empty() {
                self.run(&mut is_inside, at, run);
                at += run.len();
            }
            let Some(c) = text[at..].chars().next() else {
                return self;
            };
            match fold(c) {
                Folded::Letter(letter) => self.letter(&mut is_inside, at, c, letter),
                Folded::Pair(one, two) => {
                    self.letter(&mut is_inside, at, c, one);
                    self.letter(&mut is_inside, at, c, two);
                }
                Folded::Mark if is_inside => self.end(at + c.len_utf8()),
                Folded::Alone(letter) => {
                    is_inside = false;
                    self.letter(&mut is_inside, at, c, letter);
                    is_inside = false;
                }
                Folded::Mark | Folded::Gap => is_inside = false,
            }
            at += c.len_utf8();
        }
    }

    /// Letters that are folded by their case alone, at once: most of most texts.
    fn run(&mut self, is_inside: &mut bool, at: usize, letters: &str) {
        self.begin(is_inside, at);
        let from = self.folded.len();
        self.folded.push_str(letters);
        self.folded[from..].make_ascii_lowercase();
        self.end(at + letters.len());
    }

    fn letter(&mut self, is_inside: &mut bool, at: usize, c: char, letter: char) {
        self.begin(is_inside, at);
        self.folded.push(letter);
        self.end(at + c.len_utf8());
    }

    /// A word begins here, unless it goes on.
    fn begin(&mut self, is_inside: &mut bool, at: usize) {
        if !std::mem::replace(is_inside, true) {
            let from = self.folded.len();
            self.words.push(Word {
                folded: from..from,
                place: at..at,
            });
        }
    }

    /// The last word reaches up to here.
    fn end(&mut self, place: usize) {
        if let Some(last) = self.words.last_mut() {
            last.folded.end = self.folded.len();
            last.place.end = place;
        }
    }

    /// Each word, folded.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.words
            .iter()
            .map(|word| &self.folded[word.folded.clone()])
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.words.len()
    }

    /// A word, folded.
    pub(super) fn at(&self, at: usize) -> &str {
        &self.folded[self.words[at].folded.clone()]
    }

    /// Where some consecutive words are in the text.
    pub(super) fn place(&self, from: usize, count: usize) -> Range<usize> {
        self.words[from].place.start..self.words[from + count - 1].place.end
    }
}

/// The ASCII letters and digits that a text begins with.
fn ascii_letters(text: &str) -> &str {
    let end = text.bytes().position(|byte| !byte.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        Words::default()
            .of(text)
            .iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            words("Olá, Dona-Ana! R$ 12,50"),
            ["ola", "dona", "ana", "r", "12", "50"]
        );
        assert_eq!(words("日本 語"), ["日", "本", "語"]);
        assert_eq!(words("cafe\u{301}s"), ["cafes"]);
        assert_eq!(words("AVÓS2x日ab"), ["avos2x", "日", "ab"]);
        assert_eq!(words(" …!"), [""; 0]);
    }

    proptest! {
        #[test]
        fn every_word_is_where_it_says(text: String) {
            let mut words = Words::default();
            words.of(&text);
            for at in 0..words.count() {
                let place = words.place(at, 1);
                prop_assert!(text.get(place).is_some_and(|piece| !piece.is_empty()));
                prop_assert!(!words.at(at).is_empty());
            }
        }
    }
}
