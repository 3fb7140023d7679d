//! `daemon`: runs the gateway in the foreground.

use super::{
    command::Command,
    context::Context,
    spec::{CommandSpec, no_words, switch},
};
use crate::{daemon, error::Result, service::launchers::launchd};

pub(super) const SPEC: CommandSpec = CommandSpec {
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
    first_word: no_words,
    read: |args| {
        Ok(Command::Daemon {
            quiet: args.flag("quiet"),
        })
    },
};

pub(super) fn run(quiet: bool, context: &Context<'_>) -> Result<()> {
    if launchd::started_us(context.environment) {
        launchd::trim_log(&context.places()?.home);
    }
    let ended = daemon::run(&daemon::Options {
        overrides: context.overrides(),
        environment: context.environment.clone(),
        quiet,
    });
    if launchd::started_us(context.environment) {
        return launchd::exit_result(ended);
    }
    ended
}
