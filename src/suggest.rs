//! The known word that was most likely meant by a mistyped one.

/// The candidate with the smallest edit distance, if that is small enough for a typing error: one more
/// than a third of the length of the word, at most four.
pub fn suggest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slip = (word.chars().count() / 3 + 1).min(4);
    nearest(word, slip, candidates)
}

/// The candidate of which the word is one typing error or two away, and no longer form: for words that may as
/// well be somebody else's.
pub fn near_miss<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let found = nearest(word, 2, candidates);
    found.filter(|candidate| !word.starts_with(candidate))
}

fn nearest<'a>(
    word: &str,
    slip: usize,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (edits(word, candidate), candidate))
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, _)| *edits <= slip)
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance, computed one row of the table at a time.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(edits(from, to), count);
            assert_eq!(edits(to, from), count);
        }
    }

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let words = || ["PORT", "HOST"].into_iter();
        assert_eq!(suggest("PROT", words()), Some("PORT"));
        assert_eq!(suggest("SOMETHING_ELSE", words()), None);
        let tokens = || ["BOT_TOKEN", "BASE_URL"].into_iter();
        assert_eq!(near_miss("BOT_TOKN", tokens()), Some("BOT_TOKEN"));
        assert_eq!(near_miss("BOT_TOKEN_2", tokens()), None);
        assert_eq!(near_miss("CAT_TICKET", tokens()), None);
        assert_eq!(suggest("foo", ["logs", "stop"].into_iter()), None);
    }
}
