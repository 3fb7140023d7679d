//! `token`: shows the token, or makes a fresh one.

use serde_json::json;

use super::reload;
use crate::{
    cli::{
        command::Command,
        connection::{Connection, connect, token_origin},
        context::Context,
        parser::{CommandSpec, FirstWord, ParsedArgs},
        runtime::block_on,
    },
    config::{self, Config, Source, dotenv, keys},
    error::{Error, Result},
    random,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "token",
    summary: "Show the token or replace it",
    usage: &["[show]", "rotate"],
    details: "show prints the token and nothing else. rotate writes a fresh one into .env and\n\
              lets a running daemon read it; every client needs the new one from then on.",
    options: &[],
    examples: &[
        ("cleudocodebot token", "the token"),
        ("cleudocodebot token rotate", "a fresh one, after a leak"),
    ],
    first_word: FirstWord::OneOf(&["show", "rotate"]),
    parse,
};

/// Shows or replaces the token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenCommand {
    /// Print it.
    Show,
    /// Replace it.
    Rotate,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    match args.word().as_deref() {
        None | Some("show") => Ok(Box::new(TokenCommand::Show)),
        Some("rotate") => Ok(Box::new(TokenCommand::Rotate)),
        Some(other) => Err(Error::Usage(format!(
            "{other:?} is not known; expected show or rotate"
        ))),
    }
}

impl Command for TokenCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let config = context.client_config()?;
        match self {
            Self::Show => show(&config, context),
            Self::Rotate => block_on(rotate(&config, context)),
        }
    }
}

fn show(config: &Config, context: &mut Context<'_>) -> Result<()> {
    let missing = || {
        Error::Config(format!(
            "there is no token yet; the first start of `cleudocodebot daemon` writes one into {}",
            config.env_file.display()
        ))
    };
    let token = config.token.as_ref().ok_or_else(missing)?;
    context.terminal.exact(token)
}

/// Signs in with the old token before the file changes: the daemon accepts no other until it has
/// reloaded the file.
async fn rotate(config: &Config, context: &mut Context<'_>) -> Result<()> {
    refuse_overruled(context, config)?;
    let daemon = match config.token {
        Some(_) => connect(context).await.map(Some),
        None => Ok(None),
    };
    let fresh = random::token();
    dotenv::edit_file(&config.env_file, |file| file.set(keys::TOKEN, &fresh))?;
    let place = config.env_file.display();
    context
        .terminal
        .line(format!("a fresh token stands in {place}"))?;
    context
        .terminal
        .note("every client needs it from now on: cleudocodebot token show");
    match daemon {
        Ok(Some(connection)) => reload_daemon(connection, context).await,
        Ok(None) | Err(Error::NotRunning { .. }) => Ok(()),
        Err(error) => {
            context
                .terminal
                .note(format!("the daemon was not told: {error}"));
            Ok(())
        }
    }
}

async fn reload_daemon(mut connection: Connection, context: &mut Context<'_>) -> Result<()> {
    let answer = connection.client.call("reload", &json!({})).await?;
    context.terminal.line(reload::outcome(&answer))
}

/// If the environment or the command line sets the token, a new one in `.env` would have no effect.
fn refuse_overruled(context: &Context<'_>, config: &Config) -> Result<()> {
    let lookup = config::look_up(&context.common.overrides, context.environment)?;
    match lookup.find(keys::TOKEN) {
        Some((_, Source::Environment | Source::CommandLine)) => Err(Error::Config(format!(
            "{} comes from {}, which overrules .env; remove it there first",
            keys::TOKEN,
            token_origin(context, config)
        ))),
        _ => Ok(()),
    }
}
