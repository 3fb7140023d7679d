//! `--version`: the version of this program.

use crate::{
    cli::{command::Command, context::Context},
    error::Result,
};

/// Prints the version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VersionCommand;

impl Command for VersionCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        context.terminal.foreign(version())
    }
}

/// Name and version; help begins with them too.
pub(super) fn version() -> String {
    format!("cleudocodebot {}", env!("CARGO_PKG_VERSION"))
}
