//! `install` and `uninstall`: the daemon as something that comes back by itself, and its end.

use super::{
    command::Command,
    context::Context,
    installation::{DRY_RUN, FORCE, Installation, SYSTEM, Style, TASK, VERBOSE},
    spec::{CommandSpec, JSON, ParsedArgs, no_words, switch},
};
use crate::{
    error::Result,
    service::{
        install::{InstallRequest, install},
        system::executor::ExecutorMode,
        uninstall::uninstall,
    },
};

pub(super) const SPEC: CommandSpec = CommandSpec {
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
    first_word: no_words,
    read: |args| {
        let request = InstallRequest {
            task: args.flag("task"),
            restart: false,
        };
        Ok(Command::Install(style(args), request))
    },
};

pub(super) const UNINSTALL_SPEC: CommandSpec = CommandSpec {
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
    first_word: no_words,
    read: |args| Ok(Command::Uninstall(style(args), args.flag("purge"))),
};

/// The options that every command about the installed daemon understands.
pub(super) fn style(args: &ParsedArgs) -> Style {
    Style {
        mode: ExecutorMode {
            dry: args.flag("dry-run"),
            force: args.flag("force"),
        },
        system: args.flag("system"),
        json: args.flag("json"),
        verbose: args.flag("verbose"),
    }
}

pub(super) fn run(style: Style, request: InstallRequest, context: &mut Context<'_>) -> Result<()> {
    let installation = Installation::of(context, style.system)?;
    let report = installation.work(style, context, |target, executor| {
        install(target, executor, request)
    });
    report.map(drop)
}

pub(super) fn run_uninstall(style: Style, purge: bool, context: &mut Context<'_>) -> Result<()> {
    let installation = Installation::of(context, style.system)?;
    let report = installation.work(style, context, |target, executor| {
        uninstall(target, executor, purge)
    });
    report.map(drop)
}
