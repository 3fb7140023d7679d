//! The `.env` format: text to keys and values and back, with everything else in the text kept.
//!
//! Not here: which keys there are and what they mean (`config::keys`), and the process environment,
//! which comes in as a closure.
//!
//! # The grammar
//!
//! One assignment a line, `KEY=value`, with or without `export ` before it and spaces round the `=`.
//! Keys are letters, digits and `_`, not starting with a digit. Empty lines and lines that begin
//! with `#` are kept and mean nothing. Lines end in LF, CRLF or CR; a byte order mark may stand first.
//!
//! | written | means |
//! |---|---|
//! | `A=plain text # note` | `plain text`: trimmed, a comment begins at a `#` after a blank |
//! | `A='as $it \is'` | `as $it \is`: nothing is special up to the closing quote; it may span lines, whose ends read as LF |
//! | `A="one\ntwo"` | escapes `\n \r \t \" \\ \$`; the quote may span lines, whose ends read as LF |
//! | `A=${B}` | the value of `B`: the nearest earlier line of this text, then the environment, then nothing |
//! | `A=${B:-text}` | the same, and `text` where `B` is unset or empty |
//! | `A=` | the empty value |
//!
//! A comment may follow a closing quote at once. `${` is special outside single quotes only; a `$`
//! without `{` is a plain character, so that passwords survive. Where a key stands twice, the last line counts.

mod cursor;
mod document;
mod file;
mod lexer;
mod quote;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod versus_dotenvy;

use std::fmt;

use self::cursor::lines_ended;

pub(in crate::config) use self::file::{in_file, write};
pub use self::{
    document::{Document, Duplicate, Value},
    file::{edit_file, read_file},
};

/// Why a text is no `.env`, and where. Never repeats a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1; a byte order mark is not counted.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl ParseError {
    /// An error at a byte of the text.
    fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = &text[..offset];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let in_line = before[line_start..].trim_start_matches(BYTE_ORDER_MARK);
        Self {
            line: lines_ended(before) + 1,
            column: in_line.chars().count() + 1,
            message: message.into(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// What some editors on Windows put before UTF-8 text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// True for what a shell would take as the name of a variable.
pub fn is_key(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(is_key_character)
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
