//! From the words of a command line to an inert `Invocation`, by the table of commands.
//!
//! Not here: what a command makes of its options (each command reads its own).

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use super::{
    command::{Command, Common, Invocation},
    spec::{CommandSpec, Opt, ParsedArgs, Takes},
    table::{self, EVERYWHERE},
};
use crate::{
    config::keys,
    error::{Error, Result},
    suggest::suggest,
};

/// Reads the arguments behind the program's name. Fails with [`Error::Usage`] only.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation> {
    let mut reader = Reader {
        parser: Parser::from_args(args),
        common: Common::default(),
        spec: None,
        args: ParsedArgs::default(),
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
    spec: Option<&'static CommandSpec>,
    args: ParsedArgs,
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
                "help" => return Ok(Command::Help(self.spec.map(|spec| spec.name))),
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
        match self.spec {
            Some(_) => self.args.push_word(text),
            None => self.spec = Some(table::find(&text).ok_or_else(|| unknown_command(&text))?),
        }
        Ok(())
    }

    fn find(&self, is_meant: impl Fn(&Opt) -> bool) -> Option<&'static Opt> {
        let own = self.spec.map_or(&[][..], |spec| spec.options);
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
            name => self.args.push_option(name, unicode(value)?),
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
        let Some(spec) = self.spec else {
            return Ok(Command::Nothing);
        };
        let read = (spec.read)(&mut self.args).and_then(|command| {
            self.args.finish()?;
            Ok(command)
        });
        read.map_err(|error| match error {
            Error::Usage(text) => Error::Usage(format!("{text}; see: {}", help_of(Some(spec)))),
            other => other,
        })
    }

    fn unknown_option(&self, word: &Word) -> Error {
        let see = help_of(self.spec);
        let name = match word {
            Word::Long(name) => name,
            Word::Short(letter) => {
                return Error::Usage(format!("unknown option -{letter}; see: {see}"));
            }
            Word::Plain(_) => return Error::Usage(format!("see: {see}")),
        };
        let own = self.spec.map_or(&[][..], |spec| spec.options);
        let all = own.iter().chain(EVERYWHERE);
        let names = all
            .flat_map(|option| [Some(option.name), option.alias])
            .flatten();
        let guess = suggest(name, names).map(|guess| format!("; did you mean --{guess}?"));
        let guess = guess.unwrap_or_else(|| ";".to_owned());
        Error::Usage(format!("unknown option --{name}{guess} see: {see}"))
    }
}

fn help_of(spec: Option<&CommandSpec>) -> String {
    spec.map_or_else(
        || "cleudocodebot --help".to_owned(),
        |spec| format!("cleudocodebot {} --help", spec.name),
    )
}

pub(super) fn unknown_command(word: &str) -> Error {
    let guess = suggest(word, table::names().into_iter());
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
