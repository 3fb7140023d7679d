//! `config`: reads, explains and edits the settings in `.env`.
//!
//! `show` prints, `edit` writes.

mod edit;
mod show;
#[cfg(test)]
mod tests;

use super::{
    command::Command,
    context::Context,
    spec::{CommandSpec, JSON, ParsedArgs, switch},
};
use crate::error::{Error, Result};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "config",
    summary: "Show or change the settings",
    usage: &["[show]", "get KEY", "set KEY VALUE", "unset KEY"],
    details: "show prints every setting with its value and who set it. set checks the value\n\
              and writes it into .env; a - as VALUE reads it from standard input, which\n\
              keeps a secret out of the list of processes. Keys of integrations may be set\n\
              as well.",
    options: &[switch("show-secrets", "Print secrets in full"), JSON],
    examples: &[
        ("cleudocodebot config", "all settings"),
        (
            "cleudocodebot config set CLEUDOCODEBOT_LOG_LEVEL debug",
            "change one",
        ),
    ],
    first_word: || vec!["show", "get", "set", "unset"],
    read,
};

/// What to do, and how to print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// What to do.
    pub what: What,
    /// Secrets in full.
    pub show_secrets: bool,
    /// For scripts.
    pub json: bool,
}

/// What to do with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// All of them.
    Show,
    /// One value.
    Get(String),
    /// A new value; `None` where it comes from standard input.
    Set(String, Option<String>),
    /// Remove a key.
    Unset(String),
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    let what = match args.word().as_deref() {
        None | Some("show") => What::Show,
        Some("get") => What::Get(args.required_word("KEY")?),
        Some("set") => {
            let key = args.required_word("KEY")?;
            let value = args.required_word("VALUE")?;
            What::Set(key, Some(value).filter(|value| value != "-"))
        }
        Some("unset") => What::Unset(args.required_word("KEY")?),
        Some(other) => {
            return Err(Error::Usage(format!(
                "{other:?} is not known; expected show, get, set or unset"
            )));
        }
    };
    Ok(Command::Config(Options {
        what,
        show_secrets: args.flag("show-secrets"),
        json: args.flag("json"),
    }))
}

pub(super) fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    match &options.what {
        What::Show => show::show(options, context),
        What::Get(key) => show::get(key, options, context),
        What::Set(key, Some(value)) => edit::set(key, value, context),
        What::Set(key, None) => {
            let value = context.read_input()?;
            edit::set(key, &value, context)
        }
        What::Unset(key) => edit::unset(key, context),
    }
}
