//! One row of the table of commands, and what a command line gave for it.
//!
//! Both are here because each names the other: a row parses what was given, and the commands about
//! commands (help, completions) take the table from it. The rows are with their commands.

use std::{collections::VecDeque, fmt, ops::RangeInclusive};

use super::option::OptionSpec;
use crate::{
    cli::command::Command,
    error::{Error, Result},
};

/// Every command, in the order of help.
pub(crate) type CommandTable = &'static [&'static CommandSpec];

/// One command: everything that `--help`, the completions and the parser know about it.
pub(crate) struct CommandSpec {
    /// The word that calls it.
    pub name: &'static str,
    /// One line for the list of commands; empty where it is for programs alone.
    pub summary: &'static str,
    /// What follows the name, one line for each way to call it. Completion goes by it too: small letters
    /// stand for themselves, capitals for what they name.
    pub usage: &'static [&'static str],
    /// What a user should know besides, in lines of at most 76 characters.
    pub details: &'static str,
    /// Its options, besides those of all commands.
    pub options: &'static [OptionSpec],
    /// Whole command lines and what they do.
    pub examples: &'static [(&'static str, &'static str)],
    /// Makes the command from what was given. Nothing is done yet.
    pub parse: fn(&mut ParsedArgs) -> Result<Box<dyn Command>>,
}

impl CommandSpec {
    /// Whether it is for programs alone, and not listed.
    pub(crate) fn is_hidden(&self) -> bool {
        self.summary.is_empty()
    }
}

/// The name says which command it is; the rest is help text.
impl PartialEq for CommandSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for CommandSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What the command line gave to one command, taken out piece by piece.
#[derive(Debug, Default)]
pub(crate) struct ParsedArgs {
    options: Vec<(&'static str, String)>,
    words: VecDeque<String>,
    commands: CommandTable,
}

impl ParsedArgs {
    /// Nothing yet, for a command of this table.
    pub(super) fn of(commands: CommandTable) -> Self {
        Self {
            commands,
            ..Self::default()
        }
    }

    /// The table that the command is from, for commands about commands.
    pub(crate) fn commands(&self) -> CommandTable {
        self.commands
    }

    /// Keeps an option; a switch has no value.
    pub(super) fn push_option(&mut self, name: &'static str, value: String) {
        self.options.push((name, value));
    }

    /// Keeps an argument that is no option.
    pub(super) fn push_word(&mut self, word: String) {
        self.words.push_back(word);
    }

    /// Whether the switch was given.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.options.iter().any(|(given, _)| *given == name)
    }

    /// An option's value; of an option that comes twice, the last.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let last = self.options.iter().rfind(|(given, _)| *given == name);
        last.map(|(_, value)| value.clone())
    }

    /// The values of an option that adds up, each of which may hold several between commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = self.options.iter().filter(|(given, _)| *given == name);
        let pieces = values.flat_map(|(_, value)| value.split(','));
        let pieces = pieces.map(str::trim).filter(|piece| !piece.is_empty());
        pieces.map(str::to_owned).collect()
    }

    /// The values of an option that may come several times, as they are.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.options.iter().filter(|(given, _)| *given == name);
        values.map(|(_, value)| value.clone()).collect()
    }

    /// An option that has to be there.
    pub(crate) fn required(&self, name: &str) -> Result<String> {
        let missing = || Error::Usage(format!("--{name} is missing"));
        self.text(name).ok_or_else(missing)
    }

    /// A whole number in a range.
    pub(crate) fn number(&self, name: &str, range: &RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|n| digits && range.contains(n));
        let wrong = || {
            let (least, most) = (range.start(), range.end());
            Error::Usage(if *most == u64::MAX {
                format!("--{name} is {text:?}; expected a whole number from {least}")
            } else {
                format!("--{name} is {text:?}; expected a whole number from {least} to {most}")
            })
        };
        number.map(Some).ok_or_else(wrong)
    }

    /// The next argument, where there is one.
    pub(crate) fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// The next argument, which has to be there.
    pub(crate) fn required_word(&mut self, label: &str) -> Result<String> {
        let missing = || Error::Usage(format!("{label} is missing"));
        self.word().ok_or_else(missing)
    }

    /// Refuses arguments that the command did not take.
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
