//! `token`: shows the token, or makes a fresh one.

use serde_json::json;

use super::{
    command::Command,
    connect::{Connection, connect, token_origin},
    context::Context,
    reload,
    spec::{CommandSpec, ParsedArgs},
};
use crate::{
    config::{self, Config, Source, dotenv, keys},
    error::{Error, Result},
    random,
};

pub(super) const SPEC: CommandSpec = CommandSpec {
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
    first_word: || vec!["show", "rotate"],
    read,
};

/// What to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Print it.
    Show,
    /// Replace it.
    Rotate,
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    match args.word().as_deref() {
        None | Some("show") => Ok(Command::Token(What::Show)),
        Some("rotate") => Ok(Command::Token(What::Rotate)),
        Some(other) => Err(Error::Usage(format!(
            "{other:?} is not known; expected show or rotate"
        ))),
    }
}

pub(super) async fn run(what: What, context: &mut Context<'_>) -> Result<()> {
    let config = context.client_config()?;
    match what {
        What::Show => show(&config, context),
        What::Rotate => rotate(&config, context).await,
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
    context.terminal.line(token)
}

/// Comes in with the old token before the file changes: afterwards this process could not know it.
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
        Ok(Some(connection)) => hand_over(connection, context).await,
        Ok(None) | Err(Error::NotRunning { .. }) => Ok(()),
        Err(error) => {
            context
                .terminal
                .note(format!("the daemon was not told: {error}"));
            Ok(())
        }
    }
}

async fn hand_over(mut connection: Connection, context: &mut Context<'_>) -> Result<()> {
    let answer = connection.client.call("reload", &json!({})).await?;
    context.terminal.line(reload::outcome(&answer))
}

/// Writing what something else overrules would look like success and change nothing.
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
