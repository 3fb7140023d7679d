//! What somebody looks for: words or their beginnings, and words in quotation marks that follow on each
//! other as they stand there.
//!
//! Not here: how texts with these words are found among many (`store::words`).

use std::{fmt, ops::Range};

use super::tokens::Words;

/// The longest query, in bytes.
pub const MAX_QUERY: usize = 512;

/// How many words a query may have.
pub const MAX_QUERY_WORDS: usize = 16;

/// Why a query cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordQueryError {
    /// It is longer than [`MAX_QUERY`].
    TooLong,
    /// It has more than [`MAX_QUERY_WORDS`].
    TooManyWords,
    /// It has no letter and no digit.
    NoWord,
}

impl fmt::Display for WordQueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "words are longer than {MAX_QUERY} bytes; look for fewer"),
            Self::TooManyWords => {
                write!(f, "more than {MAX_QUERY_WORDS} words; look for fewer")
            }
            Self::NoWord => f.write_str(
                "words need a letter or a digit; contains finds any other part of a text",
            ),
        }
    }
}

/// Words that follow on each other in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Phrase {
    words: Vec<String>,
    /// Whether the last of them may be only the beginning of one.
    is_open: bool,
}

/// A word that every text found has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryWord<'q> {
    /// Folded.
    pub word: &'q str,
    /// Whether it may be only the beginning of one.
    pub is_beginning: bool,
}

/// A query that was understood. A text is found if it has all of it, in whatever order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordQuery {
    phrases: Vec<Phrase>,
}

impl WordQuery {
    /// Understands a query.
    pub fn parse(text: &str) -> Result<Self, WordQueryError> {
        if text.len() > MAX_QUERY {
            return Err(WordQueryError::TooLong);
        }
        let mut phrases = Vec::new();
        let mut words = Words::default();
        // Every second part was in quotation marks; a mark without its other one quotes the rest, which is
        // still being typed.
        let parts: Vec<&str> = text.split(['"', '“', '”', '„']).collect();
        for (at, part) in parts.iter().enumerate() {
            let is_quoted = at % 2 == 1;
            let is_open = !is_quoted || at + 1 == parts.len();
            let pieces: Vec<&str> = if is_quoted {
                vec![part]
            } else {
                part.split_whitespace().collect()
            };
            for piece in pieces {
                let words: Vec<String> = words.of(piece).iter().map(str::to_owned).collect();
                if !words.is_empty() {
                    phrases.push(Phrase { words, is_open });
                }
            }
        }
        match phrases.iter().map(|phrase| phrase.words.len()).sum() {
            0 => Err(WordQueryError::NoWord),
            count if count > MAX_QUERY_WORDS => Err(WordQueryError::TooManyWords),
            _ => Ok(Self { phrases }),
        }
    }

    /// Every word of it.
    pub fn words(&self) -> impl Iterator<Item = QueryWord<'_>> {
        self.phrases.iter().flat_map(|phrase| {
            let last = phrase.words.len() - 1;
            let words = phrase.words.iter().enumerate();
            words.map(move |(at, word)| QueryWord {
                word,
                is_beginning: phrase.is_open && at == last,
            })
        })
    }

    /// Whether a text with these words is found.
    pub fn finds(&self, words: &Words) -> bool {
        self.phrases
            .iter()
            .all(|phrase| phrase.first_in(words, 0).is_some())
    }

    /// Where what was looked for stands in a text, in bytes, from front to back and without overlap.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut words = Words::default();
        words.of(text);
        let mut places = Vec::new();
        for phrase in &self.phrases {
            let mut from = 0;
            while let Some(at) = phrase.first_in(&words, from) {
                places.push(words.place(at, phrase.words.len()));
                from = at + 1;
            }
        }
        places.sort_unstable_by_key(|place| (place.start, place.end));
        places.dedup_by(|next, before| {
            let is_within = next.start < before.end;
            if is_within {
                before.end = before.end.max(next.end);
            }
            is_within
        });
        places
    }
}

impl Phrase {
    /// The first place from `from` on where these words follow on each other.
    fn first_in(&self, words: &Words, from: usize) -> Option<usize> {
        let end = (words.count() + 1).checked_sub(self.words.len())?;
        (from..end).find(|at| self.is_at(words, *at))
    }

    fn is_at(&self, words: &Words, at: usize) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().enumerate().all(|(offset, wanted)| {
            let word = words.at(at + offset);
            if self.is_open && offset == last {
                word.starts_with(wanted.as_str())
            } else {
                word == wanted
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        let query = WordQuery::parse(query).expect("understood");
        query.finds(Words::default().of(text))
    }

    #[test]
    fn words_are_found_by_their_beginnings_in_any_order_case_and_accent() {
        let text = "Segue a Nota Fiscal nº 4711 da reunião";
        for found in [
            "nota",
            "NOTA fis",
            "fiscal nota",
            "reuniao",
            "REUNIÃO 47",
            "nota-fiscal",
        ] {
            assert!(finds(found, text), "{found}");
        }
        for missed in ["otas", "ota", "nota fiscal 12", "fiscal-nota", "reunioes"] {
            assert!(!finds(missed, text), "{missed}");
        }
    }

    #[test]
    fn words_in_quotation_marks_are_whole_and_follow_on_each_other() {
        let text = "Segue a nota fiscal de ontem";
        for found in ["\"nota fiscal\"", "“Nota Fiscal” ont", "\"nota fis"] {
            assert!(finds(found, text), "{found}");
        }
        for missed in [
            "\"fiscal nota\"",
            "\"nota fis\"",
            "\"nota\" \"ontem\" \"not\"",
        ] {
            assert!(!finds(missed, text), "{missed}");
        }
    }

    #[test]
    fn what_has_no_word_or_too_much_is_refused() {
        assert_eq!(WordQuery::parse("  … \"\" 👍"), Err(WordQueryError::NoWord));
        let many = "a ".repeat(MAX_QUERY_WORDS + 1);
        assert_eq!(WordQuery::parse(&many), Err(WordQueryError::TooManyWords));
        let long = "a".repeat(MAX_QUERY + 1);
        assert_eq!(WordQuery::parse(&long), Err(WordQueryError::TooLong));
    }

    #[test]
    fn places_are_those_of_the_text_as_it_is_written() {
        let query = WordQuery::parse("acao \"da ação\" re").expect("understood");
        let text = "A Ação da ação: Reunião";
        let places: Vec<&str> = query
            .places(text)
            .into_iter()
            .map(|place| &text[place])
            .collect();
        assert_eq!(places, ["Ação", "da ação", "Reunião"]);
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_each_of_its_words_and_says_where(text in "[a-zà-ý日 .]{0,40}") {
            let mut words = Words::default();
            words.of(&text);
            for word in words.iter() {
                let query = WordQuery::parse(word).expect("a word");
                prop_assert!(query.finds(&words));
                let places = query.places(&text);
                prop_assert!(!places.is_empty());
                prop_assert!(places.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }

        #[test]
        fn nothing_that_is_typed_panics(query: String, text: String) {
            if let Ok(query) = WordQuery::parse(&query) {
                let _ = query.places(&text);
            }
        }
    }
}
