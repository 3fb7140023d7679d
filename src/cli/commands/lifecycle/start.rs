//! `start` and `restart`: the installed daemon, now.

use super::{
    command::Command,
    context::Context,
    install::style,
    installation::{DRY_RUN, Installation, SYSTEM, Style, VERBOSE},
    spec::{CommandSpec, JSON, no_words},
};
use crate::{error::Result, service::lifecycle};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "start",
    summary: "Start the installed daemon and wait until it answers",
    usage: &["[--system] [--dry-run]"],
    details: "A daemon that runs already is left alone: exit code 0.",
    options: &[SYSTEM, DRY_RUN, VERBOSE, JSON],
    examples: &[("cleudocodebot start", "in the background, as at log-on")],
    first_word: no_words,
    read: |args| Ok(Command::Start(style(args))),
};

pub(super) const RESTART_SPEC: CommandSpec = CommandSpec {
    name: "restart",
    summary: "Restart the installed daemon and wait until it answers",
    usage: &["[--system] [--dry-run]"],
    details: "Needed for a new port, and after an update of the program.",
    options: &[SYSTEM, DRY_RUN, VERBOSE, JSON],
    examples: &[("cleudocodebot restart", "with the settings as they are now")],
    first_word: no_words,
    read: |args| Ok(Command::Restart(style(args))),
};

pub(super) fn run(style: Style, context: &mut Context<'_>) -> Result<()> {
    let installation = Installation::of(context, style.system)?;
    installation
        .work(style, context, lifecycle::start)
        .map(drop)
}

pub(super) fn run_restart(style: Style, context: &mut Context<'_>) -> Result<()> {
    let installation = Installation::of(context, style.system)?;
    installation
        .work(style, context, lifecycle::restart)
        .map(drop)
}
