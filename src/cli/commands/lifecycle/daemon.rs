//! `daemon`: runs the gateway in the foreground.

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, switch},
    },
    daemon,
    error::Result,
    service::launchers::launchd,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "daemon",
    summary: "Run the gateway in the foreground",
    usage: &["[--quiet]"],
    details: "The first start creates the home folder and a .env with a fresh token.\n\
              Ctrl-C, a termination signal and `cleudocodebot stop` end it in order.",
    options: &[switch("quiet", "Log to the file in the home folder only")],
    examples: &[
        (
            "cleudocodebot daemon",
            "with the settings of the home folder",
        ),
        (
            "cleudocodebot daemon --home ./try --port 18790",
            "a second one, beside it",
        ),
        (
            "cleudocodebot daemon --set CLEUDOCODEBOT_LOG_LEVEL=debug",
            "chattier",
        ),
    ],
    parse: |args| {
        Ok(Box::new(DaemonCommand {
            quiet: args.flag("quiet"),
        }))
    },
};

/// Runs the daemon in this process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DaemonCommand {
    /// Log to the file only.
    pub quiet: bool,
}

impl Command for DaemonCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        if launchd::started_us(context.environment) {
            launchd::trim_log(&context.places()?.home);
        }
        let ended = daemon::run(&daemon::DaemonOptions {
            overrides: context.overrides(),
            environment: context.environment.clone(),
            quiet: self.quiet,
        });
        if launchd::started_us(context.environment) {
            return launchd::exit_result(ended);
        }
        ended
    }
}
