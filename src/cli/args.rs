//! From the words of a command line to an inert `Invocation`, by the table of commands.
//!
//! Not here: what a command makes of its options (each command reads its own).

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use super::{
    command::{Command, Common, Invocation},
    row::{Given, Opt, Row, Takes},
    table::{self, EVERYWHERE},
};
use crate::{
    config::keys,
    error::{Error, Result},
    nearest::nearest,
};

/// Reads the arguments behind the program's name. Fails with [`Error::Usage`] only.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation> {
    let mut reader = Reader {
        parser: Parser::from_args(args),
        common: Common::default(),
        row: None,
        given: Given::default(),
    };
    let command = reader.command()?;
    Ok(Invocation {
        common: reader.common,
        command,
    })
}

/// A command line half read.
struct Reader {
    parser: Parser,
    common: Common,
    row: Option<&'static Row>,
    given: Given,
}

/// One argument, no longer tied to the parser.
enum Word {
    Plain(OsString),
    Long(String),
    Short(char),
}

impl Reader {
    fn command(&mut self) -> Result<Command> {
        while let Some(word) = self.next()? {
            let option = match &word {
                Word::Plain(text) => {
                    self.plain(text)?;
                    continue;
                }
                Word::Long(name) => self.find(|option| option.is_named(name)),
                Word::Short(letter) => self.find(|option| option.short == Some(*letter)),
            };
            let option = option.ok_or_else(|| self.unknown_option(&word))?;
            match option.name {
                "help" => return Ok(Command::Help(self.row.map(|row| row.name))),
                "version" => return Ok(Command::Version),
                _ => self.option(option)?,
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

    /// The first argument names the command, the others are its own.
    fn plain(&mut self, text: &OsString) -> Result<()> {
        let text = unicode(text.clone())?;
        match self.row {
            Some(_) => self.given.push_word(text),
            None => self.row = Some(table::find(&text).ok_or_else(|| unknown_command(&text))?),
        }
        Ok(())
    }

    fn find(&self, is_meant: impl Fn(&Opt) -> bool) -> Option<&'static Opt> {
        let own = self.row.map_or(&[][..], |row| row.options);
        own.iter().chain(EVERYWHERE).find(|option| is_meant(option))
    }

    fn option(&mut self, option: &'static Opt) -> Result<()> {
        let value = self.value(option)?;
        match option.name {
            "home" => self.common.set_home(value.into()),
            "env-file" => self.common.set_env_file(value.into()),
            "no-color" => self.common.no_color = true,
            "host" => self.common.host = Some(unicode(value)?),
            "port" => self.common.set(keys::PORT, unicode(value)?),
            "token" => self.common.set(keys::TOKEN, unicode(value)?),
            "set" => self.setting(&unicode(value)?)?,
            name => self.given.push_option(name, unicode(value)?),
        }
        Ok(())
    }

    fn value(&mut self, option: &Opt) -> Result<OsString> {
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

    fn setting(&mut self, text: &str) -> Result<()> {
        let wrong = || Error::Usage(format!("--set is {text:?}; expected KEY=VALUE"));
        let (key, value) = text.split_once('=').ok_or_else(wrong)?;
        keys::validate(key, value)?;
        self.common.set(key, value.to_owned());
        Ok(())
    }

    fn finish(&mut self) -> Result<Command> {
        let Some(row) = self.row else {
            return Ok(Command::Nothing);
        };
        let read = (row.read)(&mut self.given).and_then(|command| {
            self.given.finish()?;
            Ok(command)
        });
        read.map_err(|error| match error {
            Error::Usage(text) => Error::Usage(format!("{text}; see: {}", help_of(Some(row)))),
            other => other,
        })
    }

    fn unknown_option(&self, word: &Word) -> Error {
        let see = help_of(self.row);
        let name = match word {
            Word::Long(name) => name,
            Word::Short(letter) => {
                return Error::Usage(format!("unknown option -{letter}; see: {see}"));
            }
            Word::Plain(_) => return Error::Usage(format!("see: {see}")),
        };
        let own = self.row.map_or(&[][..], |row| row.options);
        let all = own.iter().chain(EVERYWHERE);
        let names = all
            .flat_map(|option| [Some(option.name), option.alias])
            .flatten();
        let guess = nearest(name, names).map(|guess| format!("; did you mean --{guess}?"));
        let guess = guess.unwrap_or_else(|| ";".to_owned());
        Error::Usage(format!("unknown option --{name}{guess} see: {see}"))
    }
}

fn help_of(row: Option<&Row>) -> String {
    row.map_or_else(
        || "cleudocodebot --help".to_owned(),
        |row| format!("cleudocodebot {} --help", row.name),
    )
}

pub(super) fn unknown_command(word: &str) -> Error {
    let guess = nearest(word, table::names().into_iter());
    let guess = guess.map_or(";".to_owned(), |guess| format!("; did you mean {guess}?"));
    Error::Usage(format!(
        "unknown command {word:?}{guess} see: {}",
        help_of(None)
    ))
}

fn unicode(text: OsString) -> Result<String> {
    let wrong = |text: OsString| {
        let shown = text.to_string_lossy();
        Error::Usage(format!("the argument {shown:?} is not Unicode text"))
    };
    text.into_string().map_err(wrong)
}
