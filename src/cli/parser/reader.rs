//! Goes through the words of a command line: the first plain one names the command, whose row says
//! which options there are.
//!
//! Not here: what a command makes of its options (each command's `parse`).

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use super::{
    common::{COMMON_OPTIONS, keep},
    option::{OptionSpec, Takes},
    spec::{CommandSpec, CommandTable, ParsedArgs},
    usage::{help_line, unicode, unknown_command, unknown_option},
};
use crate::{
    cli::{command::Command, common_options::CommonOptions},
    error::{Error, Result},
};

/// What a command line asks for.
pub(crate) enum Request {
    /// A command of the table.
    Run(Box<dyn Command>),
    /// `--help`, about one command or all.
    Help(Option<&'static CommandSpec>),
    /// `--version`.
    Version,
    /// No command was named.
    Nothing,
}

/// Reads the arguments behind the program's name. Fails with [`Error::Usage`] only.
pub(crate) fn parse(
    args: impl IntoIterator<Item = OsString>,
    commands: CommandTable,
) -> Result<(CommonOptions, Request)> {
    let mut reader = Reader {
        parser: Parser::from_args(args),
        commands,
        common: CommonOptions::default(),
        spec: None,
        args: ParsedArgs::of(commands),
    };
    let request = reader.request()?;
    Ok((reader.common, request))
}

/// A command line half read.
struct Reader {
    parser: Parser,
    commands: CommandTable,
    common: CommonOptions,
    /// The row of the command, once it was named.
    spec: Option<&'static CommandSpec>,
    args: ParsedArgs,
}

/// One argument, no longer borrowed from the parser.
enum Word {
    Plain(OsString),
    Long(String),
    Short(char),
}

impl Reader {
    /// Help and version win over everything behind them, so the rest may be wrong.
    fn request(&mut self) -> Result<Request> {
        while let Some(word) = self.next()? {
            let option = match word {
                Word::Plain(text) => {
                    self.plain(text)?;
                    continue;
                }
                Word::Long(name) => self.long(&name)?,
                Word::Short(letter) => self.short(letter)?,
            };
            match option.name {
                "help" => return Ok(Request::Help(self.spec)),
                "version" => return Ok(Request::Version),
                _ => self.take(option)?,
            }
        }
        self.finish()
    }

    fn next(&mut self) -> Result<Option<Word>> {
        let next = self
            .parser
            .next()
            .map_err(|error| Error::Usage(error.to_string()))?;
        Ok(next.map(|arg| match arg {
            Arg::Value(text) => Word::Plain(text),
            Arg::Long(name) => Word::Long(name.to_owned()),
            Arg::Short(letter) => Word::Short(letter),
        }))
    }

    /// The first plain argument names the command, the others are its own.
    fn plain(&mut self, text: OsString) -> Result<()> {
        let text = unicode(text)?;
        if self.spec.is_some() {
            self.args.push_word(text);
            return Ok(());
        }
        let named = self.commands.iter().find(|spec| spec.name == text);
        let unknown = || unknown_command(&text, self.commands);
        self.spec = Some(named.copied().ok_or_else(unknown)?);
        Ok(())
    }

    fn long(&self, name: &str) -> Result<&'static OptionSpec> {
        let mut options = self.options();
        let found = options.find(|option| option.names().any(|own| own == name));
        found.ok_or_else(|| unknown_option(name, self.options(), self.spec))
    }

    fn short(&self, letter: char) -> Result<&'static OptionSpec> {
        let found = self.options().find(|option| option.short == Some(letter));
        let see = help_line(self.spec);
        found.ok_or_else(|| Error::Usage(format!("unknown option -{letter}; see: {see}")))
    }

    /// The options that are allowed here: the common ones, and those of the command once it was
    /// named.
    fn options(&self) -> impl Iterator<Item = &'static OptionSpec> + use<> {
        let own = self.spec.map_or(&[][..], |spec| spec.options);
        own.iter().chain(COMMON_OPTIONS)
    }

    fn take(&mut self, option: &'static OptionSpec) -> Result<()> {
        let value = self.value(option)?;
        if let Some(own) = keep(&mut self.common, option.name, value)? {
            self.args.push_option(option.name, unicode(own)?);
        }
        Ok(())
    }

    fn value(&mut self, option: &OptionSpec) -> Result<OsString> {
        let Some(label) = option.takes.label() else {
            return Ok(OsString::new());
        };
        let name = option.name;
        let missing = |_| Error::Usage(format!("--{name} needs {label} behind it"));
        let value = self.parser.value().map_err(missing)?;
        if let Takes::OneOf(_, words) = option.takes {
            let known = value.to_str().is_some_and(|value| words.contains(&value));
            if !known {
                let shown = value.to_string_lossy();
                let words = words.join(", ");
                let text = format!("--{name} is {shown:?}; expected one of {words}");
                return Err(Error::Usage(text));
            }
        }
        Ok(value)
    }

    fn finish(&mut self) -> Result<Request> {
        let Some(spec) = self.spec else {
            return Ok(Request::Nothing);
        };
        let parsed = (spec.parse)(&mut self.args).and_then(|command| {
            self.args.finish()?;
            Ok(Request::Run(command))
        });
        parsed.map_err(|error| match error {
            // Some say themselves what to read.
            Error::Usage(text) if !text.contains(" see: ") => {
                Error::Usage(format!("{text}; see: {}", help_line(Some(spec))))
            }
            other => other,
        })
    }
}
