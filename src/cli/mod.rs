//! The command line: `args` makes an inert value of it by the rows of `table`, `run` does what the
//! value says, one file per command.
//!
//! Everything printed goes through `terminal`, everything asked of a gateway through `connect`. Not
//! here: exit codes (`error`), the daemon itself.

#[path = "parser/reader.rs"]
mod args;
#[path = "commands/gateway/call.rs"]
mod call;
#[path = "commands/messages/chat.rs"]
mod chat;
#[path = "commands/gateway/clients.rs"]
mod clients;
#[path = "common_options.rs"]
mod command;
#[path = "commands/about/completions/mod.rs"]
mod completions;
#[path = "commands/settings/config/mod.rs"]
mod config;
#[path = "connection/connect.rs"]
mod connect;
mod context;
#[path = "commands/messages/conversations.rs"]
mod conversations;
#[path = "commands/lifecycle/daemon.rs"]
mod daemon;
#[path = "commands/gateway/dashboard/mod.rs"]
mod dashboard;
#[path = "commands/health/doctor/mod.rs"]
mod doctor;
#[path = "commands/gateway/events.rs"]
mod events;
#[path = "commands/about/help.rs"]
mod help;
#[path = "commands/messages/history.rs"]
mod history;
#[path = "commands/lifecycle/install.rs"]
mod install;
#[path = "installation/mod.rs"]
mod installation;
#[path = "commands/channels/integrations/mod.rs"]
mod integrations;
#[path = "output/columns.rs"]
mod layout;
#[path = "output/log_line.rs"]
mod log_line;
#[path = "commands/health/logs.rs"]
mod logs;
#[path = "output/message_line.rs"]
mod message_line;
#[path = "commands/lifecycle/onboard/mod.rs"]
mod onboard;
#[path = "commands/messages/outbox.rs"]
mod outbox;
#[path = "commands/channels/pairing.rs"]
mod pairing;
#[path = "commands/health/ping/mod.rs"]
mod ping;
#[path = "commands/health/ping/statistics.rs"]
mod ping_statistics;
#[path = "commands/settings/reload.rs"]
mod reload;
#[path = "commands/channels/integrations/connect.rs"]
mod scan;
#[path = "commands/messages/send.rs"]
mod send;
#[path = "installation/findings.rs"]
mod service_lines;
#[path = "parser/spec.rs"]
mod spec;
#[path = "commands/lifecycle/start.rs"]
mod start;
#[path = "commands/health/status.rs"]
mod status;
#[path = "commands/lifecycle/stop.rs"]
mod stop;
#[path = "commands/mod.rs"]
mod table;
#[path = "output/terminal.rs"]
mod terminal;
#[cfg(test)]
mod tests;
#[path = "commands/settings/token.rs"]
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
