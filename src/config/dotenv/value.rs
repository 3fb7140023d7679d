//! Reads what stands behind the `=`: quoted or not, escapes, variables.
//!
//! Not here: what a `${NAME}` stands for (`document`), which is only recognised.

use std::ops::Range;

use super::{
    ParseError,
    cursor::{BLANKS, Cursor, line_end},
    is_key, is_key_character,
};

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// `${name}` or `${name:-default}`.
    Variable {
        name: String,
        default: Option<String>,
    },
}

impl<'a> Cursor<'a> {
    /// Where the value stands and what it is made of.
    pub(super) fn value(&mut self) -> Result<(Range<usize>, Vec<Piece>), ParseError> {
        let after_equals = self.at;
        self.skip_blanks();
        let start = self.at;
        let pieces = match self.peek() {
            Some('\'') => self.single_quoted()?,
            Some('"') => self.double_quoted()?,
            _ => return self.unquoted(after_equals),
        };
        Ok((start..self.at, pieces))
    }

    fn single_quoted(&mut self) -> Result<Vec<Piece>, ParseError> {
        let open = self.at;
        self.bump();
        let rest = self.rest();
        let Some(length) = rest.find('\'') else {
            let message = "this single quote is never closed; add the closing '";
            return Err(ParseError::at(self.text, open, message));
        };
        self.at += length + 1;
        let text = rest[..length].replace("\r\n", "\n").replace('\r', "\n");
        Ok(vec![Piece::Text(text)])
    }

    fn double_quoted(&mut self) -> Result<Vec<Piece>, ParseError> {
        let open = self.at;
        self.bump();
        let mut pieces = Pieces::default();
        loop {
            if self.rest().starts_with("${") {
                pieces.variable(self.variable()?);
                continue;
            }
            // Whatever the editor ends its lines with, a value of several lines is the same value.
            if self.rest().starts_with('\r') {
                self.at += line_end(self.rest());
                pieces.push('\n');
                continue;
            }
            match self.bump() {
                Some('"') => return Ok(pieces.finish()),
                Some('\\') => pieces.push(self.escaped()?),
                Some(plain) => pieces.push(plain),
                None => {
                    let message = "this double quote is never closed; add the closing \" \
                                   (write \\\" for a quote inside the value)";
                    return Err(ParseError::at(self.text, open, message));
                }
            }
        }
    }

    /// The character that an escape stands for; the backslash is already taken.
    fn escaped(&mut self) -> Result<char, ParseError> {
        let backslash = self.at - 1;
        match self.bump() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(same @ ('"' | '\\' | '$')) => Ok(same),
            _ => {
                let message = "unknown escape; double quotes know \\n \\r \\t \\\" \\\\ \\$ \
                               (write \\\\ for a backslash, or put the value in single quotes)";
                Err(ParseError::at(self.text, backslash, message))
            }
        }
    }

    fn unquoted(&mut self, after_equals: usize) -> Result<(Range<usize>, Vec<Piece>), ParseError> {
        let start = self.at;
        let mut pieces = Pieces::default();
        while !self.at_line_end() && !self.at_comment() {
            if self.rest().starts_with("${") {
                pieces.variable(self.variable()?);
            } else {
                pieces.push(self.bump().unwrap_or_default());
            }
        }
        let written = self.text[start..self.at].trim_end_matches(BLANKS);
        pieces.trim_end();
        // An empty value stands right after the `=`, so that one put there keeps clear of a comment.
        let start = if written.is_empty() {
            after_equals
        } else {
            start
        };
        Ok((start..start + written.len(), pieces.finish()))
    }

    fn variable(&mut self) -> Result<Piece, ParseError> {
        let open = self.at;
        self.eat("${");
        let name = self.take_while(is_key_character);
        if !is_key(name) {
            return Err(self.error(
                "expected a name of letters, digits and _ after `${`; \
                 put the value in single quotes if no variable is meant",
            ));
        }
        let default = if self.eat(":-") {
            Some(self.variable_default()?.to_owned())
        } else {
            None
        };
        if !self.eat("}") {
            let message = "this `${` is not closed after the name; write ${NAME} or ${NAME:-default}, \
                           or put the value in single quotes if no variable is meant";
            return Err(ParseError::at(self.text, open, message));
        }
        Ok(Piece::Variable {
            name: name.to_owned(),
            default,
        })
    }

    /// Plain text up to `}`. What other readers of this format give three meanings is refused.
    fn variable_default(&mut self) -> Result<&'a str, ParseError> {
        let default = self.take_while(|c| !"}\r\n\"'\\$".contains(c));
        if matches!(self.peek(), Some('"' | '\'' | '\\' | '$')) {
            return Err(self.error(
                "a default inside ${…} is plain text without quotes, backslashes and $; \
                 set it as a key of its own on an earlier line",
            ));
        }
        Ok(default)
    }
}

/// The parts of a value under construction; neighbouring characters gather in one text.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn push(&mut self, plain: char) {
        if let Some(Piece::Text(text)) = self.0.last_mut() {
            text.push(plain);
        } else {
            self.0.push(Piece::Text(plain.into()));
        }
    }

    fn variable(&mut self, variable: Piece) {
        self.0.push(variable);
    }

    fn trim_end(&mut self) {
        if let Some(Piece::Text(text)) = self.0.last_mut() {
            text.truncate(text.trim_end_matches(BLANKS).len());
        }
    }

    fn finish(self) -> Vec<Piece> {
        self.0
    }
}
