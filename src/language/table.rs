//! The sentences of a language with their translations, and the search for the one that a text is.

use std::collections::HashMap;

use super::{
    po::{PoEntry, entries},
    template::{KNOWN, Pattern},
};

/// A translated sentence with placeholders, as the text has it.
#[derive(Debug)]
pub(super) struct Filled {
    /// The other sentence.
    pub(super) sentence: Pattern,
    /// Its values: name, and what stands there.
    pub(super) values: Vec<(String, String)>,
    /// How many bytes of the text are the sentence's own.
    pub(super) weight: usize,
    /// Whether a value told which sentence it is, so that one that says it in its own words comes before.
    has_known: bool,
}

impl Filled {
    /// Which of several counts: the one with the most of its own.
    fn rank(&self) -> (usize, bool) {
        (self.weight, !self.has_known)
    }
}

/// How many sentences that a text may be are looked into.
const MAX_TEMPLATES: usize = 4;

/// The few that count, in their order.
fn best(filled: impl Iterator<Item = Filled>) -> Vec<Filled> {
    let mut all: Vec<Filled> = filled.collect();
    all.sort_by_key(|filled| std::cmp::Reverse(filled.rank()));
    all.truncate(MAX_TEMPLATES);
    all
}

/// Where sentences are looked up.
pub(super) trait Sentences {
    /// The translation of a text that is a sentence without placeholders.
    fn exact(&self, text: &str) -> Option<String>;

    /// The sentences with placeholders that the text may be: at most [`MAX_TEMPLATES`], that with the most of
    /// its own first.
    fn templates(&self, text: &str) -> Vec<Filled>;
}

/// A sentence with placeholders, and its translation.
struct Template {
    key: Pattern,
    sentence: Pattern,
}

impl Template {
    fn of(entry: &PoEntry) -> Option<Self> {
        let key = Pattern::of(&entry.key);
        let sentence = Pattern::of(&entry.translation);
        (!key.names.is_empty()).then_some(Self { key, sentence })
    }

    fn fill(&self, text: &str, is_known: &dyn Fn(&str) -> bool) -> Option<Filled> {
        let found = self.key.captures(text, is_known)?;
        let values = self.key.names.iter().zip(found);
        let values = values.map(|(name, at)| (name.clone(), text[at].to_owned()));
        let values: Vec<_> = values.collect();
        let known = values.iter().find(|(name, _)| name == KNOWN);
        let known = known.map(|(_, action)| action.len());
        Some(Filled {
            sentence: self.sentence.clone(),
            weight: self.key.weight() + known.unwrap_or(0),
            has_known: known.is_some(),
            values,
        })
    }
}

/// All sentences in memory, found at once: for programs that print many.
pub(super) struct Table {
    exact: HashMap<String, String>,
    templates: Vec<Template>,
    /// Places of templates by their first word; those that begin with a placeholder by the empty one.
    by_word: HashMap<String, Vec<usize>>,
}

impl Table {
    /// Reads a PO file.
    pub(super) fn of(po: &str) -> Self {
        let mut table = Self {
            exact: HashMap::new(),
            templates: Vec::new(),
            by_word: HashMap::new(),
        };
        for entry in entries(po).filter(|entry| !entry.translation.is_empty()) {
            if let Some(template) = Template::of(&entry) {
                table.add(template);
            } else {
                let plain = |text: &str| Pattern::of(text).filled(|_| None);
                let (key, translation) = (plain(&entry.key), plain(&entry.translation));
                table.exact.insert(key, translation);
            }
        }
        table
    }

    fn add(&mut self, template: Template) {
        let word = whole_word(&template.key.literals[0]).to_owned();
        self.by_word
            .entry(word)
            .or_default()
            .push(self.templates.len());
        self.templates.push(template);
    }
}

/// The first word of what a template begins with, if it ends there: `a{x}` could go on with anything.
fn whole_word(literal: &str) -> &str {
    literal.split_once(' ').map_or("", |(word, _)| word)
}

impl Sentences for Table {
    fn exact(&self, text: &str) -> Option<String> {
        self.exact.get(text).cloned()
    }

    fn templates(&self, text: &str) -> Vec<Filled> {
        let places = [whole_word(text), ""].into_iter();
        let places = places.filter_map(|word| self.by_word.get(word)).flatten();
        let is_known = |text: &str| self.exact.contains_key(text);
        best(places.filter_map(|at| self.templates[*at].fill(text, &is_known)))
    }
}

/// The file itself, read anew for each sentence: for a daemon that says one now and then, and keeps
/// nothing of it.
pub(super) struct Scan(pub(super) &'static str);

impl Scan {
    fn entries(&self) -> impl Iterator<Item = PoEntry> {
        entries(self.0).filter(|entry| !entry.translation.is_empty())
    }
}

impl Sentences for Scan {
    fn exact(&self, text: &str) -> Option<String> {
        let plain = |text: &str| Pattern::of(text).filled(|_| None);
        let is_plain = |entry: &PoEntry| Pattern::of(&entry.key).names.is_empty();
        let mut entries = self.entries();
        let found = entries.find(|entry| is_plain(entry) && plain(&entry.key) == text)?;
        Some(plain(&found.translation))
    }

    fn templates(&self, text: &str) -> Vec<Filled> {
        let is_known = |text: &str| self.exact(text).is_some();
        let templates = self.entries().filter_map(|entry| Template::of(&entry));
        best(templates.filter_map(|one| one.fill(text, &is_known)))
    }
}
