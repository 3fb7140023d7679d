//! Steps through `.env` text: the moves that lines and values are read with.

use super::ParseError;

pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// How many bytes the line end is that a text begins with: LF, CRLF, or CR alone.
pub(super) fn line_end(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// How many lines end in a text.
pub(super) fn lines_ended(text: &str) -> usize {
    let bytes = text.as_bytes();
    let lone = |at: &usize| bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    (0..bytes.len())
        .filter(|at| bytes[*at] == b'\n' || lone(at))
        .count()
}

/// A text and how far it has been read.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    /// In bytes.
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    pub(super) fn skip_blanks(&mut self) -> bool {
        !self.take_while(|c| BLANKS.contains(&c)).is_empty()
    }

    pub(super) fn error(&self, message: &str) -> ParseError {
        ParseError::at(self.text, self.at, message)
    }

    pub(super) fn at_line_end(&self) -> bool {
        let rest = self.rest();
        rest.is_empty() || rest.starts_with(['\n', '\r'])
    }

    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        self.at += line + line_end(&rest[line..]);
    }

    /// True at a `#` behind a blank.
    pub(super) fn at_comment(&self) -> bool {
        self.peek() == Some('#') && self.text[..self.at].ends_with(BLANKS)
    }
}
