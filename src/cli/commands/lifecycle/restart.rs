//! `restart`: restarts the installed daemon and waits until it answers.

use crate::{
    cli::{
        command::Command,
        context::Context,
        installed_daemon::{DRY_RUN, Installation, SYSTEM, ServiceOptions, VERBOSE},
        parser::{CommandSpec, JSON},
    },
    error::Result,
    service::lifecycle,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "restart",
    summary: "Restart the installed daemon and wait until it answers",
    usage: &["[--system] [--dry-run]"],
    details: "Needed for a new port, and after an update of the program.",
    options: &[SYSTEM, DRY_RUN, VERBOSE, JSON],
    examples: &[("cleudocodebot restart", "with the settings as they are now")],
    parse: |args| Ok(Box::new(RestartCommand(ServiceOptions::of(args)))),
};

/// Restarts the installed daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RestartCommand(pub ServiceOptions);

impl Command for RestartCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        Installation::change(self.0, context, lifecycle::restart)
    }

    fn is_about_the_machine(&self) -> bool {
        self.0.system
    }
}
