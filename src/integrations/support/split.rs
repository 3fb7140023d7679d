//! Splits long texts into parts that a service accepts: at a paragraph, a line, a sentence or a blank,
//! never inside a grapheme; code fences are closed and reopened.

use std::ops::Range;

/// How a service counts the length of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
}

impl Measure {
    /// The length of a text.
    pub fn of(self, text: &str) -> usize {
        text.chars().map(|c| self.of_char(c)).sum()
    }

    fn of_char(self, c: char) -> usize {
        match self {
            Self::Chars => 1,
            Self::Utf16 => c.len_utf16(),
        }
    }
}

/// Closes a code fence at the end of a part.
const CLOSING: &str = "\n```";

/// Longest line that opens a code fence and is repeated in the next part.
const LONGEST_OPENING: usize = 40;

/// The parts of a text, none longer than `limit` (at least 64). A text that fits is returned unchanged.
/// Otherwise blanks around the cuts are dropped, and a cut inside a code fence adds lines that close
/// and reopen it.
pub fn split(text: &str, limit: usize, measure: Measure) -> Vec<String> {
    let limit = limit.max(64);
    let mut parts = Vec::new();
    let mut rest = text;
    let mut opening = String::new();
    while measure.of(&opening) + measure.of(rest) > limit {
        // Reserve room to close a code fence.
        let room = limit - measure.of(&opening) - measure.of(CLOSING);
        let cut = cut(rest, room, measure);
        let (head, tail) = rest.split_at(cut);
        let mut part = opening.clone() + trim_end(head);
        opening = open_fence(&part).map_or_else(String::new, |fence| fence.to_owned() + "\n");
        if !opening.is_empty() {
            part.push_str(CLOSING);
        }
        if !trim_end(head).is_empty() {
            parts.push(part);
        }
        rest = if opening.is_empty() {
            tail.trim_start()
        } else {
            // Inside a fence the indentation is part of the code.
            tail.trim_start_matches('\n')
        };
    }
    if !rest.trim().is_empty() || parts.is_empty() {
        parts.push(opening + rest);
    }
    parts
}

/// Where the parts of a text are, the words of none longer than `limit` (at least 64), without the blanks
/// around the cuts. Code fences are words like others here.
pub fn ranges(text: &str, limit: usize, measure: Measure) -> Vec<Range<usize>> {
    let limit = limit.max(64);
    let mut parts = Vec::new();
    let mut start = 0;
    while measure.of(&text[start..]) > limit {
        let rest = &text[start..];
        let (head, tail) = rest.split_at(cut(rest, limit, measure));
        let words = head.trim_end();
        if !words.is_empty() {
            parts.push(start..start + words.len());
        }
        start = text.len() - tail.trim_start().len();
    }
    if start < text.len() || parts.is_empty() {
        parts.push(start..text.len());
    }
    parts
}

fn trim_end(text: &str) -> &str {
    text.trim_end()
}

/// The line that opened the code fence that is still open at the end of a text, if any.
fn open_fence(text: &str) -> Option<&str> {
    let mut open = None;
    for line in text.lines() {
        if line.starts_with("```") {
            open = match open {
                None => Some(line),
                Some(_) => None,
            };
        }
    }
    open.map(|line| {
        let short = line.chars().count() <= LONGEST_OPENING;
        if short { line.trim_end() } else { "```" }
    })
}

/// Where to cut so that the head fits in `room`: after the last paragraph, line, sentence or blank in
/// the second half of the head, or else between any two graphemes.
fn cut(text: &str, room: usize, measure: Measure) -> usize {
    let mut length = 0;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        length += measure.of_char(c);
        if length > room {
            end = at;
            break;
        }
    }
    let head = &text[..end];
    let late = |at: &usize| *at > end / 2;
    let behind = |pattern: &str| head.rfind(pattern).map(|at| at + pattern.len());
    behind("\n\n")
        .filter(late)
        .or_else(|| behind("\n").filter(late))
        .or_else(|| sentence_end(head).filter(late))
        .or_else(|| {
            head.rfind(char::is_whitespace)
                .map(|at| next(head, at))
                .filter(late)
        })
        .unwrap_or_else(|| between_characters(text, end))
}

fn next(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

/// After the last full stop, question or exclamation mark followed by a blank.
fn sentence_end(text: &str) -> Option<usize> {
    let ends = [". ", "? ", "! ", "。", "！", "？"];
    let found = ends
        .iter()
        .filter_map(|end| text.rfind(end).map(|at| at + end.len()));
    found.max()
}

/// The last position up to `end` that is not inside a grapheme; `end` itself if a single grapheme is
/// longer than the room.
fn between_characters(text: &str, end: usize) -> usize {
    let mut at = end;
    while at > 0 && !is_between(text, at) {
        at -= text[..at].chars().next_back().map_or(1, char::len_utf8);
    }
    if at == 0 { end } else { at }
}

fn is_between(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text[..at].chars().next_back(), text[at..].chars().next())
    else {
        return true;
    };
    if before == '\r' && after == '\n' {
        return false;
    }
    if extends(after) || before == '\u{200d}' {
        return false;
    }
    if is_flag_half(before) && is_flag_half(after) {
        let halves = text[..at].chars().rev().take_while(|c| is_flag_half(*c));
        return halves.count() % 2 == 0;
    }
    // Conjoining Hangul, by the ranges of Unicode Standard Annex #29.
    !(matches!(before, '\u{1100}'..='\u{11ff}') && matches!(after, '\u{1100}'..='\u{11ff}'))
}

/// Whether a character extends the grapheme before it: combining marks of the common blocks, variation
/// selectors, joiners, skin tones, tags.
fn extends(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05bd}'
        | '\u{05bf}' | '\u{05c1}'..='\u{05c2}' | '\u{05c4}'..='\u{05c5}' | '\u{05c7}'
        | '\u{0610}'..='\u{061a}' | '\u{064b}'..='\u{065f}' | '\u{0670}'
        | '\u{06d6}'..='\u{06dc}' | '\u{06df}'..='\u{06e4}' | '\u{06e7}'..='\u{06e8}'
        | '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{093c}' | '\u{093e}'..='\u{094f}'
        | '\u{0951}'..='\u{0957}' | '\u{0962}'..='\u{0963}' | '\u{0981}'..='\u{0983}'
        | '\u{09bc}' | '\u{09be}'..='\u{09cd}' | '\u{0a3c}'..='\u{0a4d}'
        | '\u{0abc}' | '\u{0abe}'..='\u{0acd}' | '\u{0b3c}' | '\u{0b3e}'..='\u{0b57}'
        | '\u{0bbe}'..='\u{0bcd}' | '\u{0c3e}'..='\u{0c56}' | '\u{0cbc}'..='\u{0cd6}'
        | '\u{0d3b}'..='\u{0d4d}' | '\u{0e31}' | '\u{0e34}'..='\u{0e3a}' | '\u{0e47}'..='\u{0e4e}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200c}'..='\u{200d}'
        | '\u{20d0}'..='\u{20f0}' | '\u{3099}'..='\u{309a}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}'
        | '\u{e0100}'..='\u{e01ef}')
}

fn is_flag_half(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("```"));
        let visible = lines.flat_map(str::chars).filter(|c| !c.is_whitespace());
        visible.map(String::from).collect()
    }

    #[test]
    fn a_short_text_stays_as_it_is() {
        assert_eq!(split(" a\n", 64, Measure::Chars), [" a\n"]);
        assert_eq!(split("", 64, Measure::Chars), [""]);
    }

    #[test]
    fn cuts_prefer_paragraphs_then_lines_then_sentences_then_blanks() {
        let a = "a".repeat(50);
        for (between, rest) in [("\n\n", "b\nc. d"), ("\n", "b. c d"), (". ", "b c")] {
            let text = format!("{a}{between}{rest}{}", "e".repeat(40));
            let parts = split(&text, 70, Measure::Chars);
            assert_eq!(parts[0], format!("{a}{}", between.trim_end()), "{parts:?}");
        }
    }

    #[test]
    fn a_code_fence_is_closed_and_opened_again() {
        let line = "    let x = 1;\n";
        let text = format!("Look:\n```rust\n{}```\nDone.", line.repeat(10));
        let parts = split(&text, 90, Measure::Utf16);
        assert!(parts.len() > 2);
        for part in &parts[1..parts.len() - 1] {
            assert!(part.starts_with("```rust\n    let"), "{part}");
            assert!(part.ends_with("\n```"), "{part}");
        }
        assert!(parts.iter().all(|part| open_fence(part).is_none()));
    }

    #[test]
    fn a_grapheme_is_never_cut() {
        for one in ["👨‍👩‍👧‍👦", "e\u{301}", "🇧🇷", "👍🏽", "न्", "한"]
        {
            let text = one.repeat(100);
            for part in split(&text, 67, Measure::Utf16) {
                assert_eq!(part.replace(one, ""), "", "{one} in {part}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_part_is_too_long_and_nothing_is_lost(
            text in "(\\PC|[ \n.]|```|👨‍👩‍👧|e\u{301}|[a-z]{1,30}){0,400}",
            limit in 64_usize..400,
            utf16: bool,
        ) {
            let measure = if utf16 { Measure::Utf16 } else { Measure::Chars };
            let parts = split(&text, limit, measure);
            prop_assert!(parts.iter().all(|part| measure.of(part) <= limit));
            prop_assert!(parts.len() == 1 || parts.iter().all(|part| !part.trim().is_empty()));
            if !text.contains("```") {
                let joined: Vec<_> = parts.iter().flat_map(|part| words(part)).collect();
                prop_assert_eq!(joined, words(&text));
            }
        }

        #[test]
        fn any_text_ends(text: String, limit in 0_usize..100) {
            split(&text, limit, Measure::Utf16);
        }
    }
}
