//! A command line as a value: what to do, and what all commands share. Nothing happens here.

use std::path::PathBuf;

use super::{
    call, chat, completions, config, conversations, events, history, installation::Style,
    integrations, logs, onboard, outbox, pairing, ping, send, token,
};
use crate::{
    config::{Overrides, keys},
    service::install::InstallRequest,
};

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
    /// The page.
    Dashboard {
        /// Open it in the browser.
        browser: bool,
    },
    /// Set up everything.
    Onboard(onboard::Options),
    /// Install the daemon.
    Install(Style, InstallRequest),
    /// Remove the daemon; with true, everything.
    Uninstall(Style, bool),
    /// Start the installed daemon.
    Start(Style),
    /// Start it anew.
    Restart(Style),
    /// How the daemon is.
    Status(Style),
    /// Measure round trips.
    Ping(ping::Options),
    /// Queue a message.
    Send(send::Options),
    /// Show stored messages.
    History(history::Options),
    /// Who there is to talk to.
    Conversations(conversations::Options),
    /// Follow events.
    Events(events::Options),
    /// Talk as a visitor of the built-in channel.
    Chat(chat::Options),
    /// One raw action.
    Call(call::Options),
    /// Who is connected.
    Clients { json: bool },
    /// The channels.
    Integrations(integrations::Options),
    /// Who may write.
    Pairing(pairing::Options),
    /// What waits to be sent.
    Outbox(outbox::Options),
    /// Log lines.
    Logs(logs::Options),
    /// Settings.
    Config(config::Options),
    /// The token.
    Token(token::What),
    /// Read `.env` again.
    Reload { json: bool },
    /// Stop the daemon.
    Stop(Style),
    /// Look for what commonly breaks.
    Doctor { json: bool },
    /// Completion for a shell.
    Completions(completions::Shell),
}

impl Command {
    /// Whether the command line asks for the daemon of the machine.
    pub(super) fn is_about_the_machine(&self) -> bool {
        match self {
            Self::Onboard(options) => options.style.system,
            Self::Install(style, _)
            | Self::Uninstall(style, _)
            | Self::Start(style)
            | Self::Restart(style)
            | Self::Status(style)
            | Self::Stop(style) => style.system,
            _ => false,
        }
    }
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
