//! Breaks lines between words, so that they fit on a terminal.
//!
//! Not here: how wide it is (`width`), and columns (`columns`).

use super::cells::{cells, split};

/// How much further the second line of a text begins, in columns. Never none: what others wrote cannot
/// pass for a line of its own.
const HANG: usize = 2;

/// The narrowest line that anything is broken into.
const MIN_WIDTH: usize = 8;

/// The lines of a text that has none, none wider than the width, except a link or a path, which stays whole
/// so that it can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    broken(text, width, width)
}

/// Each line of a text, broken where it is too wide; what follows is indented a little more than its
/// beginning.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    let width = width.max(MIN_WIDTH);
    let lines = text.split('\n').map(|line| {
        if cells(line) <= width {
            return line.to_owned();
        }
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let indent = (blanks + HANG).min(width / 2);
        let lines = broken(line, width, width - indent);
        lines.join(&format!("\n{}", " ".repeat(indent)))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The lines of a text of which the first has another width than the others.
fn broken(text: &str, first: usize, others: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for (gap, word) in words(text) {
        let room = if lines.len() == 1 { first } else { others };
        let needed = gap.len() + cells(word);
        let is_begun = lines.last().is_some_and(|line| !line.trim().is_empty());
        if is_begun && used + needed > room {
            lines.push(String::new());
            used = 0;
        } else {
            push(&mut lines, gap);
            used += gap.len();
        }
        let room = if lines.len() == 1 { first } else { others };
        used = place(&mut lines, word, used, room, others);
    }
    lines
}

/// Puts a word behind the last line, in pieces where it is too long for any. The columns used by then.
fn place(lines: &mut Vec<String>, word: &str, used: usize, room: usize, others: usize) -> usize {
    if used + cells(word) <= room || is_link(word) || word.contains('\u{1b}') {
        push(lines, word);
        return used + cells(word);
    }
    let (mut piece, mut rest) = split(word, room.saturating_sub(used));
    push(lines, piece);
    while !rest.is_empty() {
        (piece, rest) = split(rest, others.max(2));
        lines.push(piece.to_owned());
    }
    cells(piece)
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// Whether it is an address or a path, which is no use in pieces.
fn is_link(word: &str) -> bool {
    let word = word.trim_start_matches(['(', '"', '\'', '`', '<']);
    let begins = ["/", "~/", "./", "\\\\"];
    begins.iter().any(|begin| word.starts_with(begin))
        || word.contains("://")
        || word.contains(":\\")
}

/// The words of a text, each with the blanks before it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.trim_start_matches(' ');
        let (gap, _) = rest.split_at(rest.len() - word.len());
        let end = word.find(' ').unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        rest = after;
        (!word.is_empty()).then_some((gap, word))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_what_follows_is_indented() {
        assert_eq!(fitted("short", 20), "short");
        assert_eq!(
            fitted("  one two three four", 12),
            "  one two\n    three\n    four"
        );
        assert_eq!(
            fitted("a  b\nlong enough to break", 14),
            "a  b\nlong enough to\n  break"
        );
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 8), [""]);
    }

    #[test]
    fn a_long_word_is_broken_and_a_link_is_not() {
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("x abcdefghij", 4), ["x", "abcd", "efgh", "ij"]);
        let link = "http://127.0.0.1:18789/";
        assert_eq!(wrap(&format!("see {link} now"), 10), ["see", link, "now"]);
    }

    #[test]
    fn colours_take_no_room() {
        let text = "\u{1b}[32mgood\u{1b}[0m and \u{1b}[31mbad\u{1b}[0m";
        assert_eq!(fitted(text, 12), text);
    }

    #[test]
    fn a_broken_line_never_begins_at_the_edge() {
        let text = "x\\r\\nFORGED".repeat(9);
        let shown = fitted(&text, 20);
        assert!(
            shown.lines().skip(1).all(|line| line.starts_with("  ")),
            "{shown}"
        );
        assert!(shown.lines().all(|line| cells(line) <= 20), "{shown}");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-z日é ]{0,90}", width in 8..40_usize) {
            let shown = fitted(&text, width);
            for line in shown.lines() {
                prop_assert!(cells(line) <= width, "{line:?}");
            }
            let letters = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(letters(&shown), letters(&text));
        }
    }
}
