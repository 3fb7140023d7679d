//! What one row of the table of commands says, and what a command line gave for it.
//!
//! Not here: the rows (each with its command) and their order (`table`).

use std::ops::RangeInclusive;

use super::command::Command;
use crate::error::{Error, Result};

/// One command: everything that `--help`, the completions and the parser know about it.
pub(super) struct CommandSpec {
    /// The word that calls it.
    pub name: &'static str,
    /// One line for the list of commands.
    pub summary: &'static str,
    /// What stands behind the name, one line for each way.
    pub usage: &'static [&'static str],
    /// What a user should know besides, in lines of at most 76 characters.
    pub details: &'static str,
    /// Its options, besides those of all commands.
    pub options: &'static [Opt],
    /// Whole command lines and what they do.
    pub examples: &'static [(&'static str, &'static str)],
    /// What its first argument can be, for completion.
    pub first_word: fn() -> Vec<&'static str>,
    /// Makes the inert command of what was given.
    pub read: fn(&mut ParsedArgs) -> Result<Command>,
}

/// An option of one command or of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opt {
    /// The long name, without dashes.
    pub name: &'static str,
    /// Another long name that means the same.
    pub alias: Option<&'static str>,
    /// The letter behind a single dash.
    pub short: Option<char>,
    /// What must follow it.
    pub takes: Takes,
    /// One line on what it does.
    pub summary: &'static str,
}

/// What follows an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: it is a switch.
    Nothing,
    /// A text, shown under this name.
    Text(&'static str),
    /// A folder.
    Folder,
    /// A file.
    File,
    /// One of these words, shown under this name.
    OneOf(&'static str, &'static [&'static str]),
}

impl Takes {
    /// The name of the value in help, where there is one.
    pub(super) fn label(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Text(label) | Self::OneOf(label, _) => Some(label),
            Self::Folder => Some("DIR"),
            Self::File => Some("FILE"),
        }
    }
}

/// A switch.
pub(super) const fn switch(name: &'static str, summary: &'static str) -> Opt {
    option(name, Takes::Nothing, summary)
}

/// An option without a letter.
pub(super) const fn option(name: &'static str, takes: Takes, summary: &'static str) -> Opt {
    Opt {
        name,
        alias: None,
        short: None,
        takes,
        summary,
    }
}

/// The switch that commands with an answer for scripts share.
pub(super) const JSON: Opt = switch("json", "Print JSON, one value a line, for scripts");

/// The option by which commands that list things show those of one channel.
pub(super) const CHANNEL: Opt = option(
    "channel",
    Takes::Text("CHANNEL"),
    "Only of this integration",
)
.short('c');

impl Opt {
    /// The same option with a letter.
    pub(super) const fn short(self, letter: char) -> Self {
        Self {
            short: Some(letter),
            ..self
        }
    }

    /// The same option with a second name.
    pub(super) const fn alias(self, name: &'static str) -> Self {
        Self {
            alias: Some(name),
            ..self
        }
    }

    /// Whether this is what stands on the command line.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.alias == Some(name)
    }
}

/// For rows whose first argument cannot be completed.
pub(super) fn no_words() -> Vec<&'static str> {
    Vec::new()
}

/// What the command line gave to one command, taken out piece by piece.
#[derive(Debug, Default)]
pub(super) struct ParsedArgs {
    options: Vec<(&'static str, String)>,
    words: std::collections::VecDeque<String>,
}

impl ParsedArgs {
    /// Keeps an option; a switch has no value.
    pub(super) fn push_option(&mut self, name: &'static str, value: String) {
        self.options.push((name, value));
    }

    /// Keeps an argument that is no option.
    pub(super) fn push_word(&mut self, word: String) {
        self.words.push_back(word);
    }

    /// Whether the switch was given.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.options.iter().any(|(args, _)| *args == name)
    }

    /// An option's value; of an option that comes twice, the last.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let last = self.options.iter().rfind(|(args, _)| *args == name);
        last.map(|(_, value)| value.clone())
    }

    /// The values of an option that adds up, each of which may hold several between commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let values = self.options.iter().filter(|(args, _)| *args == name);
        let pieces = values.flat_map(|(_, value)| value.split(','));
        let pieces = pieces.map(str::trim).filter(|piece| !piece.is_empty());
        pieces.map(str::to_owned).collect()
    }

    /// An option that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<String> {
        let missing = || Error::Usage(format!("--{name} is missing"));
        self.text(name).ok_or_else(missing)
    }

    /// A whole number in a range.
    pub(super) fn number(&self, name: &str, range: &RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|n| digits && range.contains(n));
        let wrong = || {
            let (least, most) = (range.start(), range.end());
            let upper = if *most == u64::MAX {
                format!("from {least}")
            } else {
                format!("from {least} to {most}")
            };
            Error::Usage(format!(
                "--{name} is {text:?}; expected a whole number {upper}"
            ))
        };
        number.map(Some).ok_or_else(wrong)
    }

    /// The next argument, where there is one.
    pub(super) fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// The next argument, which has to be there.
    pub(super) fn required_word(&mut self, label: &str) -> Result<String> {
        let missing = || Error::Usage(format!("{label} is missing"));
        self.word().ok_or_else(missing)
    }

    /// Refuses what nobody took.
    pub(super) fn finish(&self) -> Result<()> {
        match self.words.front() {
            None => Ok(()),
            Some(word) => Err(Error::Usage(format!(
                "{word:?} is one argument too many; put a text with blanks in quotes"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(options: &[(&'static str, &str)]) -> ParsedArgs {
        let mut args = ParsedArgs::default();
        for (name, value) in options {
            args.push_option(name, (*value).to_owned());
        }
        args
    }

    #[test]
    fn of_an_option_that_comes_twice_the_last_counts_and_lists_add_up() {
        let args = args(&[
            ("limit", "1"),
            ("topics", "a, b"),
            ("limit", "2"),
            ("topics", "c,"),
        ]);
        assert_eq!(args.text("limit").as_deref(), Some("2"));
        assert_eq!(args.list("topics"), ["a", "b", "c"]);
    }

    #[test]
    fn numbers_are_digits_in_their_range() {
        let number = |text, range| args(&[("n", text)]).number("n", &range);
        assert_eq!(number("7", 1..=9).expect("fine"), Some(7));
        assert_eq!(
            ParsedArgs::default().number("n", &(1..=9)).expect("fine"),
            None
        );
        for wrong in ["0", "10", "+1", "-1", "1.0", "", "x"] {
            assert!(number(wrong, 1..=9).is_err(), "{wrong}");
        }
        let told = number("x", 3..=u64::MAX).expect_err("refused").to_string();
        assert_eq!(told, "--n is \"x\"; expected a whole number from 3");
    }

    #[test]
    fn an_argument_too_many_is_refused() {
        let mut args = ParsedArgs::default();
        args.push_word("a".to_owned());
        args.push_word("b".to_owned());
        assert_eq!(args.required_word("TEXT").expect("there"), "a");
        assert!(args.finish().is_err());
        assert_eq!(args.word().as_deref(), Some("b"));
        assert!(args.finish().is_ok());
        assert!(args.required_word("TEXT").is_err());
    }
}
