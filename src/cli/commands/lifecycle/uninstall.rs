//! `uninstall`: stops the daemon and removes what was installed.

use crate::{
    cli::{
        command::Command,
        context::Context,
        installed_daemon::{DRY_RUN, Installation, SYSTEM, ServiceOptions, VERBOSE},
        parser::{CommandSpec, FirstWord, JSON, switch},
    },
    error::Result,
    service::uninstall::uninstall,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "uninstall",
    summary: "Stop the daemon and remove what was installed",
    usage: &["[--purge] [--system] [--dry-run]"],
    details: "The .env and the messages stay, unless --purge. Files that were not written by\n\
              cleudocodebot stay in any case.",
    options: &[
        switch("purge", "Remove the settings and the messages too"),
        SYSTEM,
        DRY_RUN,
        VERBOSE,
        JSON,
    ],
    examples: &[
        ("cleudocodebot uninstall", "settings and messages stay"),
        ("cleudocodebot uninstall --purge", "nothing stays"),
    ],
    first_word: FirstWord::Any,
    parse: |args| {
        Ok(Box::new(UninstallCommand {
            options: ServiceOptions::of(args),
            purge: args.flag("purge"),
        }))
    },
};

/// Removes the installed daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UninstallCommand {
    /// The options that the commands about the installed daemon share.
    pub options: ServiceOptions,
    /// Remove the settings and the messages too.
    pub purge: bool,
}

impl Command for UninstallCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        Installation::change(self.options, context, |target, executor| {
            uninstall(target, executor, self.purge)
        })
    }

    fn is_about_the_machine(&self) -> bool {
        self.options.system
    }
}
