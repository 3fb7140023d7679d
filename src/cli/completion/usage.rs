//! The usage lines of a command as patterns: which words may stand where.
//!
//! A word in small letters stands for itself, several between bars for one of them, one in capitals for
//! what it names. Brackets and `...` are left out: whether a word may be missing is the parser's matter.

use crate::cli::parser::{COMMON_OPTIONS, CommandSpec, Takes};

/// A place in a usage line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// One of these words, between bars.
    Words(&'static str),
    /// What this names.
    Label(&'static str),
}

impl Slot {
    fn admits(self, word: &str) -> bool {
        match self {
            Self::Words(words) => words.split('|').any(|own| own == word),
            Self::Label(_) => true,
        }
    }
}

/// What may stand behind these words, by every usage line that they fit.
pub(super) fn next(spec: &CommandSpec, words: &[String]) -> Vec<Slot> {
    let mut found = Vec::new();
    for usage in spec.usage {
        let (slots, repeats) = slots(spec, usage);
        let slot = |index: usize| match slots.last() {
            Some(last) if repeats => Some(*slots.get(index).unwrap_or(last)),
            _ => slots.get(index).copied(),
        };
        let fits = words
            .iter()
            .enumerate()
            .all(|(index, word)| slot(index).is_some_and(|slot| slot.admits(word)));
        let next = slot(words.len()).filter(|next| fits && !found.contains(next));
        found.extend(next);
    }
    found
}

/// The places of a usage line that are no options, and whether the last may come again.
fn slots(spec: &CommandSpec, usage: &'static str) -> (Vec<Slot>, bool) {
    let mut slots = Vec::new();
    let mut is_value = false;
    for token in usage.split_whitespace() {
        let token = token.trim_start_matches('[');
        let word = token.trim_end_matches("...").trim_end_matches(']');
        let word = word.trim_end_matches("...");
        if token == "--" {
            // What follows belongs to another program.
            break;
        }
        if std::mem::take(&mut is_value) || word.is_empty() {
            continue;
        }
        if let Some(option) = word.strip_prefix('-') {
            is_value = takes_value(spec, option) && !token.ends_with(']');
        } else if word.starts_with(|c: char| c.is_ascii_uppercase()) {
            slots.push(Slot::Label(word));
        } else {
            slots.push(Slot::Words(word));
        }
    }
    (slots, usage.ends_with("..."))
}

/// Whether a value follows an option, given without its first dash.
fn takes_value(spec: &CommandSpec, option: &str) -> bool {
    let mut all = spec.options.iter().chain(COMMON_OPTIONS);
    let found = match option.strip_prefix('-') {
        Some(name) => all.find(|one| one.names().any(|own| own == name)),
        None => all.find(|one| one.short.is_some_and(|letter| option == letter.to_string())),
    };
    found.is_some_and(|option| option.takes != Takes::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::COMMANDS;

    fn after(line: &str) -> Vec<Slot> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let name = words.next().expect("a command");
        let spec = COMMANDS.iter().find(|spec| spec.name == name);
        next(spec.expect("there"), &words.collect::<Vec<_>>())
    }

    #[test]
    fn words_are_found_by_their_place() {
        use Slot::{Label, Words};
        for (line, expected) in [
            (
                "integrations",
                &[
                    Words("list"),
                    Words("start|stop|restart|forget"),
                    Words("connect"),
                    Words("groups"),
                ][..],
            ),
            ("integrations stop", &[Label("NAME")]),
            ("integrations stop telegram", &[]),
            ("agents resume", &[Label("CHANNEL")]),
            ("agents resume telegram", &[Label("PEER")]),
            ("pairing approve telegram", &[Label("CODE")]),
            ("outbox retry m-1 m-2", &[Label("ID")]),
            ("config set", &[Label("KEY")]),
            ("keys add", &[Label("NAME")]),
            ("send", &[Label("TEXT")]),
            ("media get", &[Label("ID")]),
            ("history", &[]),
            ("agent exec", &[]),
        ] {
            assert_eq!(after(line), expected, "{line}");
        }
    }
}
