//! The command line, from its words to what is printed.
//!
//! - `parser` turns the words into an inert command, knowing only the table that it is given.
//! - `commands` holds that table and every command, sorted by subject. A new command is one file
//!   there and one row in `commands/mod.rs`.
//! - `command` is the trait of all commands, `context` what each gets when it runs.
//! - `connection` finds the gateway and signs in; `installed_daemon` inspects and changes the daemon
//!   that starts by itself.
//! - `language` finds out which one the user reads; `output` translates what it writes.
//! - `completion` says what may come next on a line that is not finished.
//! - `prompt` is a line that is typed while others come in.
//! - `output` turns values into text and writes it.
//!
//! Not here: exit codes (`error`), the daemon itself.

mod command;
mod commands;
mod common_options;
mod completion;
mod connection;
mod context;
mod installed_daemon;
mod language;
mod output;
mod parser;
mod prompt;
mod runtime;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use self::{
    command::Command,
    commands::{COMMANDS, HelpCommand, MissingCommand, ShortVersionCommand},
    common_options::CommonOptions,
    context::Context,
    output::Terminal,
    parser::Request,
};
use crate::{
    config::Environment,
    error::{Error, Result},
    language::Translator,
};

/// A command line as a value: what to do, and the options that all commands share.
#[derive(Debug)]
pub struct Invocation {
    common: CommonOptions,
    command: Box<dyn Command>,
}

/// Reads the arguments behind the program's name. Fails with [`Error::Usage`](crate::error::Error)
/// only.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation> {
    let (common, request) = parser::parse(args, COMMANDS)?;
    let command: Box<dyn Command> = match request {
        Request::Run(command) => command,
        Request::Help(about) => Box::new(HelpCommand {
            commands: COMMANDS,
            about,
        }),
        Request::Version => Box::new(ShortVersionCommand),
        Request::Nothing => Box::new(MissingCommand { commands: COMMANDS }),
    };
    Ok(Invocation { common, command })
}

/// An error as it is shown on standard error, in the language of the user: what a gateway or a service said in
/// it steers no terminal, and on one its lines fit. Without an invocation the command line was what is wrong.
pub fn told(error: &Error, invocation: Option<&Invocation>, environment: &Environment) -> String {
    let none = CommonOptions::default();
    let common = invocation.map_or(&none, |invocation| &invocation.common);
    let translator = Translator::of(language::language(common, environment));
    let text = error.to_string();
    let text = translator.sentence(&text);
    output::fitted_error(&format!("cleudocodebot: {text}"), environment)
}

/// Does what the command line asks for, on the streams of this process. When the reader of standard
/// output goes away, as in `cleudocodebot history | head -1`, that is success.
pub fn run(invocation: &Invocation, environment: &Environment) -> Result<()> {
    let Invocation { common, command } = invocation;
    let common =
        installed_daemon::with_home_meant(common, command.is_about_the_machine(), environment);
    let (options, variables) = (common.clone(), environment.clone());
    let translator = move || Translator::of(language::language(&options, &variables));
    let mut context = Context {
        common: &common,
        environment,
        terminal: Terminal::of_process(environment, common.no_color, common.utc, translator),
        input: Some(Box::new(std::io::stdin())),
    };
    let outcome = command.run(&mut context);
    if context.terminal.reader_is_gone() {
        return Ok(());
    }
    outcome
}
