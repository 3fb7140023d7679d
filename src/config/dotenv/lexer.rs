//! Parses `.env` text, line by line, into assignments with their positions in the text.
//!
//! Not here: the part after the `=` (`value`).

use std::ops::Range;

use super::{
    BYTE_ORDER_MARK, ParseError,
    cursor::{BLANKS, Cursor, lines_ended},
    is_key, is_key_character,
    value::Piece,
};

/// One `KEY=value`, with its byte ranges.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    pub(super) key: String,
    /// The line of the key, from 1.
    pub(super) line: usize,
    /// Its lines, including the last line end.
    pub(super) lines: Range<usize>,
    /// The value as written, quotes included.
    pub(super) value: Range<usize>,
    pub(super) pieces: Vec<Piece>,
}

/// All assignments of a text, in order.
pub(super) fn assignments(text: &str) -> Result<Vec<Assignment>, ParseError> {
    if let Some(nul) = text.find('\0') {
        let message = "a NUL character cannot be part of a setting; remove it";
        return Err(ParseError::at(text, nul, message));
    }
    let mut cursor = Cursor { text, at: 0 };
    cursor.eat(&BYTE_ORDER_MARK.to_string());
    let (mut found, mut line) = (Vec::new(), 1);
    while !cursor.rest().is_empty() {
        let start = cursor.at;
        found.extend(cursor.assignment_or_nothing(line)?);
        line += lines_ended(&text[start..cursor.at]);
    }
    Ok(found)
}

impl<'a> Cursor<'a> {
    /// The next assignment; `None` for a line that is empty or a comment.
    fn assignment_or_nothing(&mut self, line: usize) -> Result<Option<Assignment>, ParseError> {
        let start = self.at;
        self.skip_blanks();
        if self.at_line_end() || self.peek() == Some('#') {
            self.skip_line();
            return Ok(None);
        }
        let key = match self.key() {
            Ok(key) => key.to_owned(),
            Err(error) => self.foreign_key(start).ok_or(error)?.to_owned(),
        };
        self.skip_blanks();
        if !self.eat("=") {
            // Do not quote the word: it may be a stray piece of a secret.
            return Err(self.error("expected `=` here; write KEY=value, or # before a comment"));
        }
        let (value, pieces) = self.value()?;
        self.end_of_line(&value)?;
        Ok(Some(Assignment {
            key,
            line,
            lines: start..self.at,
            value,
            pieces,
        }))
    }

    /// The key, without a leading `export`. `export=1` sets a key named `export`.
    fn key(&mut self) -> Result<&'a str, ParseError> {
        let start = self.at;
        let mut key = self.take_while(is_key_character);
        if key == "export" && self.skip_blanks() && self.peek() != Some('=') {
            return self.bare_key();
        }
        if key != "export" {
            self.at = start;
            key = self.bare_key()?;
        }
        Ok(key)
    }

    /// The name of a setting of another program, such as `spring.url` or `my-key`: it cannot be one of
    /// ours or of the environment, and must not keep anyone from starting.
    fn foreign_key(&mut self, start: usize) -> Option<&'a str> {
        self.at = start;
        self.skip_blanks();
        let name = self.take_while(|c| !c.is_whitespace() && !"=#'\"".contains(c));
        let after = self.rest().trim_start_matches(BLANKS);
        (!name.is_empty() && after.starts_with('=')).then_some(name)
    }

    fn bare_key(&mut self) -> Result<&'a str, ParseError> {
        let start = self.at;
        let key = self.take_while(is_key_character);
        let stopped_well = self.at_line_end() || matches!(self.peek(), Some('=' | ' ' | '\t'));
        if is_key(key) && stopped_well {
            return Ok(key);
        }
        if is_key(key) || key.is_empty() {
            return Err(self.error(
                "this character cannot be part of a key; use letters, digits and _, as in KEY=value",
            ));
        }
        self.at = start;
        Err(self.error("a key cannot begin with a digit; put a letter or _ first"))
    }

    /// Skips blanks and a comment after a value, and refuses anything else.
    fn end_of_line(&mut self, value: &Range<usize>) -> Result<(), ParseError> {
        self.skip_blanks();
        let is_quoted = self.text[value.clone()].ends_with(['"', '\'']);
        let is_comment = self.at_comment() || (is_quoted && self.peek() == Some('#'));
        if self.at_line_end() || is_comment {
            self.skip_line();
            return Ok(());
        }
        let opened = ParseError::at(self.text, value.start, "").line;
        Err(self.error(&format!(
            "only blanks and a comment may follow a closing quote (this one was opened on line {opened}); \
             escape quotes inside the value as \\\""
        )))
    }
}
