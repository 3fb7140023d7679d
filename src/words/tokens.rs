//! Cutting a text into words.
//!
//! Not here: what is looked for in them (`query`).

use std::ops::Range;

use super::fold::{Folded, fold};

/// The words of a text, folded, with their places in it. Reused from text to text, it allocates nothing.
#[derive(Debug, Default)]
pub struct Words {
    /// The text with its ASCII letters in lower case; behind it the words that more than that is done to.
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

impl Word {
    /// To where letters can be added that the text does not have.
    fn move_behind(&mut self, folded: &mut String) {
        if self.folded.end != folded.len() {
            let from = folded.len();
            folded.extend_from_within(self.folded.clone());
            self.folded = from..folded.len();
        }
    }
}

impl Words {
    /// The words of this text instead of those of the last one.
    pub fn of(&mut self, text: &str) -> &Self {
        self.words.clear();
        self.folded.clear();
        self.folded.push_str(text);
        self.folded.make_ascii_lowercase();
        let bytes = text.as_bytes();
        let (mut at, mut is_inside) = (0, false);
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_alphanumeric() {
                let run = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric());
                let end = at + run.count();
                self.run(&mut is_inside, at..end);
                at = end;
            } else if byte.is_ascii() {
                is_inside = false;
                at += 1;
            } else {
                at += self.character(&mut is_inside, at, &text[at..]);
            }
        }
        self
    }

    /// A character beyond ASCII, which this rest of the text begins with; how many bytes it has.
    fn character(&mut self, is_inside: &mut bool, at: usize, rest: &str) -> usize {
        let Some(c) = rest.chars().next() else {
            return rest.len();
        };
        match fold(c) {
            Folded::Letter(letter) => self.letter(is_inside, at, c, letter),
            Folded::Pair(one, two) => {
                self.letter(is_inside, at, c, one);
                self.letter(is_inside, at, c, two);
            }
            Folded::Mark if *is_inside => self.end(at + c.len_utf8()),
            Folded::Alone(letter) => {
                *is_inside = false;
                self.letter(is_inside, at, c, letter);
                *is_inside = false;
            }
            Folded::Mark | Folded::Gap => *is_inside = false,
        }
        c.len_utf8()
    }

    /// ASCII letters and digits, which are folded where they are: most of most texts.
    fn run(&mut self, is_inside: &mut bool, run: Range<usize>) {
        let begins = !std::mem::replace(is_inside, true);
        match self.words.last_mut().filter(|_| !begins) {
            None => self.words.push(Word {
                folded: run.clone(),
                place: run,
            }),
            Some(word) => {
                word.move_behind(&mut self.folded);
                self.folded.extend_from_within(run.clone());
                word.folded.end = self.folded.len();
                word.place.end = run.end;
            }
        }
    }

    /// A letter that is folded to another, behind what the word has already.
    fn letter(&mut self, is_inside: &mut bool, at: usize, c: char, letter: char) {
        self.begin(is_inside, at);
        if let Some(word) = self.words.last_mut() {
            word.move_behind(&mut self.folded);
            self.folded.push(letter);
            word.folded.end = self.folded.len();
            word.place.end = at + c.len_utf8();
        }
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
        assert_eq!(words("É, Æsir Über-ãÃo"), ["e", "aesir", "uber", "aao"]);
        assert_eq!(words("aÇa\u{303}b\u{303}"), ["acab"]);
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

        #[test]
        fn they_are_those_of_one_letter_at_a_time(text in "[a-zA-Z0-9 áÇßÆ日\u{301},]{0,24}") {
            let (mut all, mut is_inside) = (Vec::new(), false);
            for c in text.chars() {
                let (letters, goes_on) = match fold(c) {
                    Folded::Letter(one) => (vec![one], is_inside),
                    Folded::Pair(one, two) => (vec![one, two], is_inside),
                    Folded::Alone(one) => (vec![one], false),
                    Folded::Mark if is_inside => continue,
                    Folded::Mark | Folded::Gap => (Vec::new(), false),
                };
                is_inside = !letters.is_empty() && !matches!(fold(c), Folded::Alone(_));
                if !letters.is_empty() && !goes_on {
                    all.push(String::new());
                }
                if let Some(word) = all.last_mut().filter(|_| !letters.is_empty()) {
                    word.extend(letters);
                }
            }
            prop_assert_eq!(words(&text), all);
        }
    }
}
