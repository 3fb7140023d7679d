//! A command line as a value: what to do, and what all commands share. Nothing happens here.

use std::path::PathBuf;

use super::{call, chat, completions, config, events, history, logs, ping, send, token};
use crate::config::{Overrides, keys};

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    pub(super) common: Common,
    pub(super) command: Command,
}

/// The options of all commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Common {
    /// The folder, the file and the settings of this run, without the host.
    pub overrides: Overrides,
    /// Where to find the gateway. A daemon takes it as the address to listen on; a client may also
    /// name a machine that this one could never listen for.
    pub host: Option<String>,
    /// Colours are forbidden.
    pub no_color: bool,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// Nothing was named.
    Nothing,
    /// Help for one command or all.
    Help(Option<&'static str>),
    /// The version.
    Version,
    /// Run the daemon.
    Daemon {
        /// Log to the file alone.
        quiet: bool,
    },
    /// How the daemon is.
    Status { json: bool },
    /// Measure round trips.
    Ping(ping::Options),
    /// Queue a message.
    Send(send::Options),
    /// Show stored messages.
    History(history::Options),
    /// Follow events.
    Events(events::Options),
    /// Talk as a visitor of the built-in channel.
    Chat(chat::Options),
    /// One raw action.
    Call(call::Options),
    /// Who is connected.
    Clients { json: bool },
    /// Log lines.
    Logs(logs::Options),
    /// Settings.
    Config(config::Options),
    /// The token.
    Token(token::What),
    /// Read `.env` again.
    Reload { json: bool },
    /// Stop the daemon.
    Stop,
    /// Look for what commonly breaks.
    Doctor { json: bool },
    /// Completion for a shell.
    Completions(completions::Shell),
}

impl Common {
    /// Everything that was set for this run, for whoever listens or explains settings.
    pub(super) fn overrides(&self) -> Overrides {
        let mut overrides = self.overrides.clone();
        if let Some(host) = &self.host {
            overrides
                .settings
                .push((keys::HOST.to_owned(), host.clone()));
        }
        overrides
    }

    /// Sets a folder or file of this run.
    pub(super) fn set_home(&mut self, home: PathBuf) {
        self.overrides.home = Some(home);
    }

    /// Sets the file of this run.
    pub(super) fn set_env_file(&mut self, file: PathBuf) {
        self.overrides.env_file = Some(file);
    }

    /// Overrules one setting.
    pub(super) fn set(&mut self, key: &str, value: String) {
        self.overrides.settings.push((key.to_owned(), value));
    }
}
