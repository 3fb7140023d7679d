//! The command line: `args` makes an inert value of it by the rows of `table`, `run` does what the
//! value says, one file per command.
//!
//! Everything printed goes through `terminal`, everything asked of a gateway through `connect`. Not
//! here: exit codes (`error`), the daemon itself.

mod args;
mod call;
mod chat;
mod clients;
mod command;
mod completions;
mod config;
mod connect;
mod context;
mod conversations;
mod daemon;
mod dashboard;
mod doctor;
mod events;
mod help;
mod history;
mod install;
mod installation;
mod integrations;
mod layout;
mod log_line;
mod logs;
mod message_line;
mod onboard;
mod outbox;
mod pairing;
mod ping;
mod ping_statistics;
mod reload;
mod scan;
mod send;
mod service_lines;
mod spec;
mod start;
mod status;
mod stop;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
mod token;

use std::future::Future;

use tokio::runtime;

pub use self::{args::parse, command::Invocation};
use self::{command::Command, context::Context, terminal::Terminal};
use crate::{
    config::Environment,
    error::{Error, Result},
};

/// Does what the command line asks for, on the streams of this process. A reader of standard output
/// that goes away ends it with success.
pub fn run(invocation: &Invocation, environment: &Environment) -> Result<()> {
    let common = installation::with_home_meant(invocation, environment);
    let mut context = Context {
        common: &common,
        environment,
        terminal: Terminal::of_process(environment, invocation.common.no_color),
        input: Some(Box::new(std::io::stdin())),
    };
    let outcome = dispatch(&invocation.command, &mut context);
    if context.terminal.reader_is_gone() {
        return Ok(());
    }
    outcome
}

fn dispatch(command: &Command, context: &mut Context<'_>) -> Result<()> {
    match command {
        Command::Nothing => help::run_nothing(context),
        Command::Help(name) => help::run(*name, context),
        Command::Version => help::run_version(context),
        Command::Onboard(options) => onboard::run(options, context),
        Command::Install(style, request) => install::run(*style, *request, context),
        Command::Uninstall(style, purge) => install::run_uninstall(*style, *purge, context),
        Command::Start(style) => start::run(*style, context),
        Command::Restart(style) => start::run_restart(*style, context),
        Command::Daemon { quiet } => daemon::run(*quiet, context),
        Command::Dashboard { browser } => block_on(dashboard::run(*browser, context)),
        Command::Status(style) => status::run(*style, context),
        Command::Ping(options) => block_on(ping::run(options, context)),
        Command::Send(options) => block_on(send::run(options, context)),
        Command::History(options) => block_on(history::run(options, context)),
        Command::Conversations(options) => block_on(conversations::run(options, context)),
        Command::Events(options) => block_on(events::run(options, context)),
        Command::Chat(options) => block_on(chat::run(options, context)),
        Command::Call(options) => block_on(call::run(options, context)),
        Command::Clients { json } => block_on(clients::run(*json, context)),
        Command::Integrations(options) => block_on(integrations::run(options, context)),
        Command::Pairing(options) => block_on(pairing::run(options, context)),
        Command::Outbox(options) => block_on(outbox::run(options, context)),
        Command::Logs(options) => block_on(logs::run(options, context)),
        Command::Config(options) => config::run(options, context),
        Command::Token(what) => block_on(token::run(*what, context)),
        Command::Reload { json } => block_on(reload::run(*json, context)),
        Command::Stop(style) => stop::run(*style, context),
        Command::Doctor { json } => block_on(doctor::run(*json, context)),
        Command::Completions(shell) => completions::run(*shell, context),
    }
}

/// One thread is enough for one connection, and starts fastest.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(format!("cannot start the runtime: {error}")))?
        .block_on(work)
}
