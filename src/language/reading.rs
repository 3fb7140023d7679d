//! Takes a text apart: a sentence of the table, one with placeholders, or several of them together.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use super::{
    table::{Filled, Sentences},
    template::{KNOWN, is_term},
};

/// How deep sentences may stand in each other: in a placeholder, or beside each other.
pub(super) const MAX_DEPTH: usize = 12;

/// Longest line that is taken apart, in bytes; a longer one is no sentence of ours.
const MAX_LINE: usize = 4096;

/// Places of one separator at which a line is taken apart.
const MAX_JOINTS: usize = 24;

/// Most texts that are looked up for one: what others wrote may have any number of ways to be read.
const MAX_STEPS: usize = 2000;

/// What stands between two sentences that were put together. A sentence that contains one of these is
/// found whole before it is taken apart.
const SEPARATORS: [&str; 6] = [" (", "; ", ". ", ": ", ", ", ")"];

/// A text in the other language.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// In the other language.
    pub(super) text: String,
    /// How many bytes of the first text are sentences of the table: of two ways to read it, the one that
    /// leaves less of it as it is counts.
    pub(super) own: usize,
}

impl Told {
    fn as_it_is(text: &str) -> Self {
        let text = text.to_owned();
        Self { text, own: 0 }
    }

    /// The other way to read it, where that leaves less as it is.
    fn or_better(self, other: Option<Self>) -> Self {
        other.filter(|other| other.own > self.own).unwrap_or(self)
    }
}

/// The first of these that leaves least as it is.
fn best(all: impl Iterator<Item = Told>) -> Option<Told> {
    all.reduce(|best, told| best.or_better(Some(told)))
}

/// One text on its way into the other language.
pub(super) struct Reading<'s> {
    table: &'s dyn Sentences,
    /// What its parts are, and how deep they were read: the ways to take a text apart share most of them.
    known: RefCell<HashMap<String, (usize, Told)>>,
    /// How many texts were looked up.
    steps: Cell<usize>,
}

impl<'s> Reading<'s> {
    /// By this table.
    pub(super) fn of(table: &'s dyn Sentences) -> Self {
        Self {
            table,
            known: RefCell::default(),
            steps: Cell::default(),
        }
    }

    /// The text with all that is known of it translated.
    pub(super) fn told(&self, text: &str, depth: usize) -> Told {
        if !text.contains(char::is_alphabetic) {
            return Told::as_it_is(text);
        }
        let known = self.known.borrow().get(text).cloned();
        if let Some((_, told)) = known.filter(|(read, _)| *read >= depth) {
            return told;
        }
        let told = self.read(text, depth);
        let read = (depth, told.clone());
        self.known.borrow_mut().insert(text.to_owned(), read);
        told
    }

    fn read(&self, text: &str, depth: usize) -> Told {
        let whole = self.whole(text, depth);
        if depth == 0 || whole.as_ref().is_some_and(|told| told.own == text.len()) {
            return whole.unwrap_or_else(|| Told::as_it_is(text));
        }
        if text.contains('\n') {
            let lines = self.by_line(text, depth - 1);
            return match whole {
                Some(whole) => whole.or_better(Some(lines)),
                None => lines,
            };
        }
        if let Some(told) = self.with_code(text, depth - 1) {
            return told.or_better(whole);
        }
        let Some(whole) = whole else {
            let known = self
                .trimmed(text, depth - 1)
                .or_else(|| self.joined(text, depth - 1))
                .or_else(|| self.in_pieces(text, depth - 1));
            return known.unwrap_or_else(|| Told::as_it_is(text));
        };
        // A short sentence such as `it is {1}` fits much that a longer one says with something behind it.
        whole.or_better(self.joined(text, depth - 1))
    }

    /// The text with a code behind it, as behind whatever the gateway refuses: `(not_found)`. It is no part
    /// of the last value.
    fn with_code(&self, text: &str, depth: usize) -> Option<Told> {
        let (before, code) = text.strip_suffix(')')?.rsplit_once(" (")?;
        let is_code = code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let told = is_code.then(|| self.told(before, depth))?;
        let text = format!("{} ({code})", told.text);
        let own = told.own;
        (own > 0).then_some(Told { text, own })
    }

    fn by_line(&self, text: &str, depth: usize) -> Told {
        let lines: Vec<Told> = text
            .split('\n')
            .map(|line| self.told(line, depth))
            .collect();
        let own = lines.iter().map(|line| line.own).sum();
        let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        let text = lines.join("\n");
        Told { text, own }
    }

    /// The text as one sentence.
    pub(super) fn whole(&self, text: &str, depth: usize) -> Option<Told> {
        if text.len() > MAX_LINE {
            return None;
        }
        if let Some(found) = self.table.exact(text).or_else(|| size(text)) {
            let own = text.len();
            return Some(Told { text: found, own });
        }
        let steps = self.steps.get();
        if steps == MAX_STEPS {
            return None;
        }
        self.steps.set(steps + 1);
        let templates = self.table.templates(text);
        best(templates.iter().map(|filled| self.filled(filled, depth)))
    }

    /// The other sentence of a template, with its values translated.
    fn filled(&self, filled: &Filled, depth: usize) -> Told {
        let mut own = filled.weight;
        let mut values = Vec::with_capacity(filled.values.len());
        for (name, value) in &filled.values {
            let told = self.value(name, value, depth);
            own += if name == KNOWN { 0 } else { told.own };
            values.push((name.as_str(), told.text));
        }
        let value = |name: &str| {
            let found = values.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| value.as_str())
        };
        let text = filled.sentence.filled(value);
        Told { text, own }
    }

    /// What stands in the place of a placeholder.
    fn value(&self, name: &str, value: &str, depth: usize) -> Told {
        let Some(depth) = depth.checked_sub(1) else {
            return Told::as_it_is(value);
        };
        let is_term = is_term(name);
        if let Some(term) = is_term.then(|| self.term(value)).flatten() {
            return term;
        }
        if is_term || value.contains(' ') {
            return self.told(value, depth);
        }
        Told::as_it_is(value)
    }

    /// A known word with something in brackets behind it.
    fn term(&self, value: &str) -> Option<Told> {
        let (word, more) = value.split_once(" (")?;
        let text = format!("{} ({more}", self.table.exact(word)?);
        let own = word.len();
        Some(Told { text, own })
    }

    /// The text as one sentence with blanks around it.
    fn trimmed(&self, text: &str, depth: usize) -> Option<Told> {
        let inside = text.trim();
        if inside.len() == text.len() {
            return None;
        }
        let start = text.len() - text.trim_start().len();
        let (before, behind) = (&text[..start], &text[start + inside.len()..]);
        let inside = self.told(inside, depth);
        let text = format!("{before}{}{behind}", inside.text);
        let own = inside.own;
        Some(Told { text, own })
    }

    /// The text as two sentences, or as one and something else, put together by one of the
    /// [`SEPARATORS`], which may be the begin of the second: at the place that leaves least as it is.
    fn joined(&self, text: &str, depth: usize) -> Option<Told> {
        if text.len() > MAX_LINE {
            return None;
        }
        best(SEPARATORS.into_iter().flat_map(|separator| {
            let places = text.match_indices(separator).take(MAX_JOINTS);
            places.filter_map(move |(at, _)| self.joined_at(text, at, separator, depth))
        }))
    }

    fn joined_at(&self, text: &str, at: usize, separator: &str, depth: usize) -> Option<Told> {
        let is_sentence = |text: &str| text.contains(' ') && self.whole(text, depth).is_some();
        // A word beside a sentence is somebody's, or one to type.
        let side = |text: &str| {
            if text.trim().contains(' ') {
                self.told(text, depth)
            } else {
                Told::as_it_is(text)
            }
        };
        let (left, right) = (&text[..at], &text[at + separator.len()..]);
        let with_separator = is_sentence(&text[at..]).then(|| {
            let (one, other) = (side(left), self.told(&text[at..], depth));
            let text = one.text + &other.text;
            let own = one.own + other.own;
            Told { text, own }
        });
        let apart = (is_sentence(left) || is_sentence(right)).then(|| {
            let (one, other) = (side(left), side(right));
            let text = format!("{}{separator}{}", one.text, other.text);
            let own = one.own + other.own;
            Told { text, own }
        });
        best(with_separator.into_iter().chain(apart))
    }

    /// The text as a list of which any piece may be a sentence: `redb, 9 messages, 2 files (3.0 MiB)`.
    fn in_pieces(&self, text: &str, depth: usize) -> Option<Told> {
        if text.len() > MAX_LINE {
            return None;
        }
        let (mut told, mut rest) = (Told::as_it_is(""), text);
        for _ in 0..MAX_JOINTS {
            let places = SEPARATORS
                .iter()
                .filter_map(|one| Some((rest.find(one)?, *one)));
            let (at, separator) = places.min_by_key(|(at, _)| *at).unwrap_or((rest.len(), ""));
            let piece = &rest[..at];
            let found = piece.contains(' ').then(|| self.whole(piece, depth));
            let found = found.flatten().unwrap_or_else(|| Told::as_it_is(piece));
            told.own += found.own;
            told.text.push_str(&found.text);
            told.text.push_str(separator);
            rest = &rest[at + separator.len()..];
            if rest.is_empty() {
                break;
            }
        }
        told.text.push_str(rest);
        (told.own > 0).then_some(told)
    }
}

/// A size as the command line writes it, `12.3 MiB`, with the comma that Portuguese has for the point.
fn size(text: &str) -> Option<String> {
    let (number, unit) = text.split_once(' ')?;
    let (whole, tenth) = number.split_once('.')?;
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_size = ["KiB", "MiB", "GiB", "TiB"].contains(&unit);
    (is_size && is_number(whole) && is_number(tenth)).then(|| format!("{whole},{tenth} {unit}"))
}
