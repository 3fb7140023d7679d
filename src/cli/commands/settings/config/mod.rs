//! `config`: reads, explains and edits the settings in `.env`.
//!
//! `show` prints, `edit` writes.

mod edit;
mod show;
#[cfg(test)]
mod tests;

use self::show::SettingsView;
use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, FirstWord, JSON, ParsedArgs, switch},
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "config",
    summary: "Show or change the settings",
    usage: &["[show]", "get KEY", "set KEY VALUE", "unset KEY"],
    details: "show prints every setting with its value and who set it. set checks the value\n\
              and writes it into .env; a - as VALUE reads it from standard input, which\n\
              keeps a secret out of the list of processes. A key that nothing here reads is\n\
              refused, unless --force says that it is one of your own.",
    options: &[
        switch("show-secrets", "Print secrets in full"),
        switch("force", "Set a key that this program does not know"),
        JSON,
    ],
    examples: &[
        ("cleudocodebot config", "all settings"),
        (
            "cleudocodebot config set CLEUDOCODEBOT_LOG_LEVEL debug",
            "change one",
        ),
    ],
    first_word: FirstWord::OneOf(&["show", "get", "set", "unset"]),
    parse,
};

/// Shows or changes the settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigCommand {
    /// What to do.
    pub action: ConfigAction,
    /// Print secrets in full.
    pub show_secrets: bool,
    /// Set keys of others as well.
    pub force: bool,
    /// For scripts.
    pub json: bool,
}

/// What to do with the settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConfigAction {
    /// Print all of them.
    Show,
    /// Print one value.
    Get(String),
    /// Set a value; `None` if it comes from standard input.
    Set(String, Option<String>),
    /// Remove a key.
    Unset(String),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let action = match args.word().as_deref() {
        None | Some("show") => ConfigAction::Show,
        Some("get") => ConfigAction::Get(args.required_word("KEY")?),
        Some("set") => {
            let key = args.required_word("KEY")?;
            let value = args.required_word("VALUE")?;
            ConfigAction::Set(key, Some(value).filter(|value| value != "-"))
        }
        Some("unset") => ConfigAction::Unset(args.required_word("KEY")?),
        Some(other) => {
            return Err(Error::Usage(format!(
                "{other:?} is not known; expected show, get, set or unset"
            )));
        }
    };
    Ok(Box::new(ConfigCommand {
        action,
        show_secrets: args.flag("show-secrets"),
        force: args.flag("force"),
        json: args.flag("json"),
    }))
}

impl Command for ConfigCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let view = SettingsView {
            show_secrets: self.show_secrets,
            json: self.json,
        };
        match &self.action {
            ConfigAction::Show => view.show(context),
            ConfigAction::Get(key) => view.get(key, context),
            ConfigAction::Set(key, Some(value)) => edit::set(key, value, self.force, context),
            ConfigAction::Set(key, None) => {
                let value = context.read_input()?;
                edit::set(key, &value, self.force, context)
            }
            ConfigAction::Unset(key) => edit::unset(key, context),
        }
    }
}
