//! The errors of a wrong command line, each with the help to read.

use std::ffi::OsString;

use super::{option::OptionSpec, spec::CommandSpec};
use crate::{
    error::{Error, Result},
    suggest::suggest,
};

/// The command line that prints the help on one command or all.
pub(super) fn help_line(spec: Option<&CommandSpec>) -> String {
    spec.map_or_else(
        || "cleudocodebot --help".to_owned(),
        |spec| format!("cleudocodebot {} --help", spec.name),
    )
}

/// The error for a word that names no command.
pub(crate) fn unknown_command(word: &str, commands: &[&CommandSpec]) -> Error {
    let guess = suggest(word, commands.iter().map(|spec| spec.name));
    let guess = guess.map_or(";".to_owned(), |guess| format!("; did you mean {guess}?"));
    Error::Usage(format!(
        "unknown command {word:?}{guess} see: {}",
        help_line(None)
    ))
}

/// The error for a word that is none of those that a command takes at this place.
pub(crate) fn not_one_of(word: &str, all: &[&str]) -> Error {
    let guess = suggest(word, all.iter().copied());
    let guess = guess.map_or_else(String::new, |guess| format!("; did you mean {guess}?"));
    Error::Usage(format!("{word:?} is not one of {}{guess}", all.join(", ")))
}

/// The error for a long option that is not among those allowed at this point.
pub(super) fn unknown_option(
    name: &str,
    known: impl Iterator<Item = &'static OptionSpec>,
    spec: Option<&CommandSpec>,
) -> Error {
    let guess = suggest(name, known.flat_map(OptionSpec::names));
    let guess = guess.map_or(";".to_owned(), |guess| format!("; did you mean --{guess}?"));
    let see = help_line(spec);
    Error::Usage(format!("unknown option --{name}{guess} see: {see}"))
}

/// The text of an argument; only paths may be other bytes.
pub(super) fn unicode(text: OsString) -> Result<String> {
    let wrong = |text: OsString| {
        let shown = text.to_string_lossy();
        Error::Usage(format!("the argument {shown:?} is not Unicode text"))
    };
    text.into_string().map_err(wrong)
}
