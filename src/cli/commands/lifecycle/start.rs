//! `start`: starts the installed daemon and waits until it answers.

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
    name: "start",
    summary: "Start the installed daemon and wait until it answers",
    usage: &["[--system] [--dry-run]"],
    details: "A daemon that runs already is left alone: exit code 0.",
    options: &[SYSTEM, DRY_RUN, VERBOSE, JSON],
    examples: &[("cleudocodebot start", "in the background, as at log-on")],
    parse: |args| Ok(Box::new(StartCommand(ServiceOptions::of(args)))),
};

/// Starts the installed daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StartCommand(pub ServiceOptions);

impl Command for StartCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        Installation::change(self.0, context, lifecycle::start)
    }

    fn is_about_the_machine(&self) -> bool {
        self.0.system
    }
}
