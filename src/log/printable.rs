//! Text from outside, made safe to show: nothing in it steers a terminal, turns the direction of what
//! stands beside it, or begins a line of its own.
//!
//! The one place that says which characters those are; the log, the command line and the service
//! files' errors all ask here.

use std::{borrow::Cow, fmt::Write as _};

/// Whether a terminal or a pager may obey this character instead of showing it: the control characters
/// C0 and C1 (ECMA-48 §5, among them `ESC`, and `U+009B`, which means `ESC [`), the separators of
/// lines and paragraphs, and what changes the writing direction (Unicode Standard Annex #9 §2, with
/// the deprecated format characters behind it).
pub fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{206f}')
}

/// The text on one line, with every such character escaped as Rust would: `\n`, `\u{9b}`.
pub fn printable(text: &str) -> String {
    escaped(text, is_steering).into_owned()
}

/// The same for a text that may have several lines: line ends and tabs stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| !matches!(c, '\n' | '\t') && is_steering(c))
}

/// A text of JSON in which such characters are escaped as JSON does it (RFC 8259 §7), so that it
/// still says the same. Line ends and tabs between values stay.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let steers = |c: char| !matches!(c, '\n' | '\t') && is_steering(c);
    if !json.contains(steers) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if steers(c) {
            // Each of them is below U+10000, so that one escape is enough.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn escaped(text: &str, steers: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2J\nb\u{202e}c ä\u{9b}31m\u{2028}d"),
            "a\\u{1b}[2J\\nb\\u{202e}c ä\\u{9b}31m\\u{2028}d"
        );
        assert_eq!(printable_lines("a\n\tb\r\u{85}"), "a\n\tb\\r\\u{85}");
    }

    #[test]
    fn every_character_that_steers_is_known_and_no_letter_is() {
        let codes = (0..=0x1f).chain(0x7f..=0x9f).chain(0x200e..=0x200f);
        let codes = codes.chain(0x2028..=0x202e).chain(0x2066..=0x2069);
        for code in codes.chain([0x061c]) {
            let c = char::from_u32(code).expect("a character");
            assert!(is_steering(c), "{code:#x}");
        }
        // Among them what joins emoji and the letters of many scripts.
        for c in "aäßé😀中अ\u{200d}\u{200c}\u{fe0f}שלום".chars() {
            assert!(!is_steering(c), "{c:?}");
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"a\u{9b}": "\u{202e}x\u{7f}\u{1b}\nä"});
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = printable_json(&text);
            assert!(!shown.contains(|c| c != '\n' && is_steering(c)), "{shown}");
            let back: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
            assert_eq!(back, value);
        }
    }
}
