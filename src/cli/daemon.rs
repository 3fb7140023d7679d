//! `daemon`: runs the gateway in the foreground.

use super::{
    command::Command,
    context::Context,
    row::{Row, no_words},
};
use crate::{daemon, error::Result};

pub(super) const ROW: Row = Row {
    name: "daemon",
    summary: "Run the gateway in the foreground",
    usage: &[""],
    details: "The first start creates the home folder and a .env with a fresh token.\n\
              Ctrl-C, a termination signal and `cleudocodebot stop` end it in order.",
    options: &[],
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
    read: |_| Ok(Command::Daemon),
};

pub(super) fn run(context: &Context<'_>) -> Result<()> {
    daemon::run(&daemon::Options {
        overrides: context.overrides(),
        environment: context.environment.clone(),
    })
}
