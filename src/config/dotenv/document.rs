//! A `.env` text that can be asked and edited; what is not edited keeps its bytes.
//!
//! Not here: files (`file`).

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use super::{
    ParseError, is_key, is_key_character,
    lexer::{self, Assignment},
    quote::quoted,
    value::Piece,
};
use crate::error::{Error, Result};

/// What one value may grow to through `${…}`. Without a bound, thirty lines that each name the line
/// before twice would fill the memory.
const MAX_VALUE_BYTES: usize = 1 << 20;

/// A parsed `.env` text.
#[derive(Clone, Default)]
pub struct Document {
    text: String,
    assignments: Vec<Assignment>,
}

/// What a key came to, and the line that said so.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// The text, quotes resolved and variables filled in.
    pub text: String,
    /// The line of the key, from 1.
    pub line: usize,
}

/// A key that stands more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Its name.
    pub key: String,
    /// A line that counts for nothing, from 1.
    pub line: usize,
    /// The line that counts.
    pub counts: usize,
}

impl Document {
    /// Reads a text; the error says where it stops to make sense.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self {
            assignments: lexer::assignments(text)?,
            text: text.to_owned(),
        })
    }

    /// The value of a key as this text alone gives it: variables from earlier lines, none from
    /// outside. `None` where the key does not stand here, or its variables grow beyond all bounds.
    pub fn get(&self, key: &str) -> Option<String> {
        let mut values = self.values(&|_| None).ok()?;
        values.remove(key).map(|value| value.text)
    }

    /// Every key with its value. Variables are looked for in earlier lines, then in `outside`; one
    /// that is nowhere is empty.
    pub fn values(
        &self,
        outside: &dyn Fn(&str) -> Option<String>,
    ) -> Result<BTreeMap<String, Value>, ParseError> {
        let mut values = BTreeMap::<String, Value>::new();
        for assignment in &self.assignments {
            let earlier = |name: &str| values.get(name).map(|value| value.text.clone());
            let text = expand(&assignment.pieces, &|name| {
                earlier(name).or_else(|| outside(name))
            });
            let text = text.ok_or_else(|| self.grown_too_long(assignment))?;
            let line = assignment.line;
            values.insert(assignment.key.clone(), Value { text, line });
        }
        Ok(values)
    }

    fn grown_too_long(&self, assignment: &Assignment) -> ParseError {
        let message = format!(
            "the variables in this value make it longer than {MAX_VALUE_BYTES} bytes; use fewer"
        );
        ParseError::at(&self.text, assignment.value.start, message)
    }

    /// Every `$NAME` without braces outside single quotes: line, key and name.
    pub fn bare_variables(&self) -> Vec<(usize, &str, &str)> {
        let mut found = Vec::new();
        for assignment in &self.assignments {
            let written = &self.text[assignment.value.clone()];
            if written.starts_with('\'') {
                continue;
            }
            for (at, _) in written.match_indices('$') {
                let rest = &written[at + 1..];
                let end = rest.find(|c| !is_key_character(c)).unwrap_or(rest.len());
                if is_key(&rest[..end]) && !written[..at].ends_with('\\') {
                    found.push((assignment.line, assignment.key.as_str(), &rest[..end]));
                }
            }
        }
        found
    }

    /// The lines that a later line of the same key overrules.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let last: HashMap<&str, usize> = self.lines_of_keys().collect();
        self.lines_of_keys()
            .filter(|(key, line)| last[key] != *line)
            .map(|(key, line)| Duplicate {
                key: key.to_owned(),
                line,
                counts: last[key],
            })
            .collect()
    }

    fn lines_of_keys(&self) -> impl Iterator<Item = (&str, usize)> {
        self.assignments.iter().map(|a| (a.key.as_str(), a.line))
    }

    /// Gives a key a value: in place where it stands (the last time, which counts), as a new last
    /// line where it does not. Fails for a name that is no key and a value with NUL.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        check(key, value)?;
        let standing = self.assignments.iter().rfind(|a| a.key == key);
        let text = match standing {
            Some(assignment) if reads_as(&assignment.pieces, value) => return Ok(()),
            Some(assignment) => {
                let mut text = self.text.clone();
                text.replace_range(assignment.value.clone(), &quoted(value));
                text
            }
            None => self.with_line(&format!("{key}={}", quoted(value))),
        };
        self.replace(&text)
    }

    /// Removes every line that sets the key. True where there was one.
    pub fn unset(&mut self, key: &str) -> Result<bool> {
        let mut text = self.text.clone();
        let standing = self.assignments.iter().filter(|a| a.key == key);
        standing
            .rev()
            .for_each(|assignment| text.replace_range(assignment.lines.clone(), ""));
        let removed = text.len() != self.text.len();
        self.replace(&text)?;
        Ok(removed)
    }

    /// The text with one more line, ended the way the first line is.
    fn with_line(&self, line: &str) -> String {
        let first_line = self.text.split_inclusive('\n').next().unwrap_or_default();
        let end = if first_line.ends_with("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let needs_end = !self.text.is_empty() && !self.text.ends_with('\n');
        // A file that is only a byte order mark has no line to end.
        let needs_end = needs_end && self.text != super::BYTE_ORDER_MARK.to_string();
        let before = if needs_end { end } else { "" };
        format!("{}{before}{line}{end}", self.text)
    }

    /// Parsing again keeps one truth about where everything stands.
    fn replace(&mut self, text: &str) -> Result<()> {
        *self = Self::parse(text)
            .map_err(|error| Error::Failed(format!("the edited .env does not read: {error}")))?;
        Ok(())
    }
}

fn check(key: &str, value: &str) -> Result<()> {
    if !is_key(key) {
        return Err(Error::Usage(format!(
            "{key:?} is not a name for a setting; use letters, digits and _, and no digit first"
        )));
    }
    if value.contains('\0') {
        return Err(Error::Usage(format!(
            "the value for {key} contains a NUL character, which no setting can hold; remove it"
        )));
    }
    Ok(())
}

/// Whether the pieces are this very text, whatever the quotes.
fn reads_as(pieces: &[Piece], value: &str) -> bool {
    match pieces {
        [] => value.is_empty(),
        [Piece::Text(text)] => text == value,
        _ => false,
    }
}

/// `None` where the result would be too long.
fn expand(pieces: &[Piece], lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Variable { name, default } => {
                let found = lookup(name).filter(|found| default.is_none() || !found.is_empty());
                text.push_str(&found.or_else(|| default.clone()).unwrap_or_default());
            }
        }
        if text.len() > MAX_VALUE_BYTES {
            return None;
        }
    }
    Some(text)
}

impl fmt::Display for Document {
    /// The text, byte for byte where nothing was edited.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Document {
    /// The keys alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.assignments.iter().map(|assignment| &assignment.key);
        f.debug_list().entries(keys).finish()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value(line {})", self.line)
    }
}
