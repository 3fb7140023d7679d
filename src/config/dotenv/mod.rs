//! The `.env` format: parses and edits the text, and preserves everything that is not edited.
//!
//! Not here: which keys there are and what they mean (`config::keys`), and the process environment,
//! which is passed in as a closure.
//!
//! # The grammar
//!
//! One assignment per line, `KEY=value`, optionally with `export ` in front and blanks around the `=`.
//! Keys are letters, digits and `_`, and do not start with a digit. Empty lines and lines that begin
//! with `#` have no meaning. Lines end in LF, CRLF or CR; a byte order mark may come first.
//!
//! | written | means |
//! |---|---|
//! | `A=plain text # note` | `plain text`: trimmed; a comment begins at a `#` after a blank |
//! | `A='as $it \is'` | `as $it \is`: nothing is special up to the closing quote; may span lines, whose ends become LF |
//! | `A="one\ntwo"` | escapes `\n \r \t \" \\ \$`; may span lines, whose ends become LF |
//! | `A=${B}` | the value of `B`: the nearest earlier line of this text, then the environment, then nothing |
//! | `A=${B:-text}` | the same, and `text` where `B` is unset or empty |
//! | `A=` | the empty value |
//!
//! A comment may follow a closing quote directly. `${` is special outside single quotes only; a `$`
//! without `{` is a plain character, so that passwords survive. If a key is set twice, the last line
//! counts.

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
    file::{edit_file, read_file, read_text},
};

/// A syntax error and its position. Never quotes a value, which may be a secret.
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

/// Some editors on Windows put this before UTF-8 text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether a name is valid as the name of a shell variable.
pub fn is_key(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(is_key_character)
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
