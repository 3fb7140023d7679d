//! `token`: shows the token, or makes a fresh one.

use serde_json::json;

use super::reload;
use crate::{
    cli::{
        command::Command,
        connection::{Connection, connect, open, token_origin},
        context::Context,
        parser::{CommandSpec, ParsedArgs},
        runtime::block_on,
    },
    config::{self, Config, Source, dotenv, keys},
    error::{Error, Result},
    random,
    service::system::runtime_file::RuntimeFile,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "token",
    summary: "Show the token or replace it",
    usage: &["[show]", "rotate"],
    details: "show prints the token and nothing else. rotate writes a fresh one into .env and\n\
              lets a running daemon read it; every client needs the new one from then on.\n\
              Exit code 1 where a daemon runs that could not be told, and says why.",
    options: &[],
    examples: &[
        ("cleudocodebot token", "the token"),
        ("cleudocodebot token rotate", "a fresh one, after a leak"),
    ],
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
    let daemon = signed_in(config, context).await;
    let fresh = random::token();
    dotenv::edit_file(&config.env_file, |file| file.set(keys::TOKEN, &fresh))?;
    let place = config.env_file.display();
    context
        .terminal
        .line(format!("a fresh token stands in {place}"))?;
    let told = match daemon {
        Ok(Some(connection)) => reload_daemon(connection, context).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    told.map_err(|error| half_done(&error, config))?;
    context
        .terminal
        .note("every client needs it from now on: cleudocodebot token show");
    Ok(())
}

/// A connection to the daemon, `None` where none runs. One that runs and cannot be told is an error:
/// without a token, say because `.env` was deleted, nobody can sign in to it.
async fn signed_in(config: &Config, context: &Context<'_>) -> Result<Option<Connection>> {
    let opened = match config.token {
        Some(_) => connect(context).await.map(Some),
        None => match open(context, config).await {
            Ok(attempt) => attempt.client.and_then(|_| {
                Err(Error::Failed(format!(
                    "{} was nowhere to be found, so nobody could sign in at {}",
                    keys::TOKEN,
                    attempt.endpoint.authority()
                )))
            }),
            // Port 0 and no note of a running daemon.
            Err(_) => Ok(None),
        },
    };
    match opened {
        Err(Error::NotRunning { .. }) => Ok(None),
        opened => opened,
    }
}

/// What is left to do where the file has the new token and the daemon goes on with its old one.
fn half_done(error: &Error, config: &Config) -> Error {
    let pid = RuntimeFile::read(&config.home).map(|noted| noted.pid);
    let process = pid.map_or_else(|| "it".to_owned(), |pid| format!("process {pid}"));
    Error::Failed(format!(
        "the running daemon was not told and still takes its old token only: {error}. Start it anew: \
         cleudocodebot restart, or where it is not installed end {process} and run it as before; \
         from then on every client needs the fresh token: cleudocodebot token show"
    ))
}

async fn reload_daemon(mut connection: Connection, context: &mut Context<'_>) -> Result<()> {
    let answer = connection.client.call("reload", &json!({})).await?;
    let changed = answer["changed"].as_array();
    if changed.is_some_and(|all| all.iter().any(|key| key == keys::TOKEN)) {
        let told = reload::outcome(&answer, context.terminal.translator());
        return context.terminal.line(told);
    }
    Err(Error::Failed(format!(
        "it reloaded, and {} did not change for it: it has one from its own environment, its command \
         line or another .env, which must be changed there",
        keys::TOKEN
    )))
}

/// If the environment or the command line sets the token, a new one in `.env` would have no effect.
fn refuse_overruled(context: &Context<'_>, config: &Config) -> Result<()> {
    let lookup = config::look_up(&context.common.overrides, context.environment)?;
    match lookup.find(keys::TOKEN) {
        Some((_, Source::Environment | Source::CommandLine)) => Err(Error::Config(format!(
            "nothing was changed: {} comes from {}, which overrules .env; remove it there first, \
             or put a new one there and start the daemon anew: cleudocodebot restart",
            keys::TOKEN,
            token_origin(context, config)
        ))),
        _ => Ok(()),
    }
}
