//! The options of the commands about the installed daemon.

use crate::{
    cli::parser::{OptionSpec, ParsedArgs, switch},
    service::system::executor::ExecutorMode,
};

pub(crate) const SYSTEM: OptionSpec =
    switch("system", "The daemon of the machine, not of this user");
pub(crate) const FORCE: OptionSpec = switch("force", "Replace files changed by hand, and restart");
pub(crate) const DRY_RUN: OptionSpec =
    switch("dry-run", "Show every file and command, change nothing");
pub(crate) const VERBOSE: OptionSpec = switch("verbose", "Show every file and command");
pub(crate) const TASK: OptionSpec = switch("task", "Windows: a scheduled task, not a Run value");

/// The values of the options that the commands about the installed daemon share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ServiceOptions {
    /// What may be changed.
    pub mode: ExecutorMode,
    /// The daemon of the machine, not of this user.
    pub system: bool,
    /// JSON for scripts.
    pub json: bool,
    /// Print every file and command.
    pub verbose: bool,
}

impl ServiceOptions {
    /// Those that were given.
    pub(crate) fn of(args: &ParsedArgs) -> Self {
        Self {
            mode: ExecutorMode {
                dry: args.flag("dry-run"),
                force: args.flag("force"),
            },
            system: args.flag("system"),
            json: args.flag("json"),
            verbose: args.flag("verbose"),
        }
    }
}
