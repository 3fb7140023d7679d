//! `install`: registers the daemon to start by itself, and starts it.

use crate::{
    cli::{
        command::Command,
        context::Context,
        installed_daemon::{DRY_RUN, FORCE, Installation, SYSTEM, ServiceOptions, TASK, VERBOSE},
        parser::{CommandSpec, JSON},
    },
    error::Result,
    service::{
        install::{InstallRequest, install},
        system::executor::Executor,
    },
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "install",
    summary: "Install the daemon, start it and wait until it answers",
    usage: &["[--force] [--system] [--task] [--dry-run]"],
    details: "It then starts at log-on or when the machine starts: as a systemd unit, a launch\n\
              agent or a Run value. A second run changes nothing; a broken installation is\n\
              mended. `cleudocodebot onboard --install-daemon` asks for settings first.",
    options: &[FORCE, SYSTEM, TASK, DRY_RUN, VERBOSE, JSON],
    examples: &[
        ("cleudocodebot install --dry-run", "what it would do"),
        ("sudo cleudocodebot install --system", "for a server"),
    ],
    parse: |args| {
        Ok(Box::new(InstallCommand {
            options: ServiceOptions::of(args),
            task: args.flag("task"),
        }))
    },
};

/// Installs the daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InstallCommand {
    /// The options that the commands about the installed daemon share.
    pub options: ServiceOptions,
    /// On Windows: register a scheduled task, not a Run value.
    pub task: bool,
}

impl Command for InstallCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let request = InstallRequest {
            task: self.task,
            restart: false,
        };
        let of_the_shell = Installation::of_the_shell(context);
        Installation::change(self.options, context, |target, executor| {
            note_left_out(&of_the_shell, executor);
            install(target, executor, request)
        })
    }

    fn is_about_the_machine(&self) -> bool {
        self.options.system
    }
}

/// Notes what the shell sets and the installed daemon will not see.
pub(super) fn note_left_out(of_the_shell: &[(String, String)], executor: &mut Executor<'_>) {
    for (key, _) in of_the_shell {
        executor.note(format!(
            "the shell sets {key}, which the installed daemon does not see; to have it there: \
             cleudocodebot config set {key} VALUE"
        ));
    }
}
