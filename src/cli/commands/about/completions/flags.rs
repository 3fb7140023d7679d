//! The options of a command as the completion scripts list them.

use crate::cli::parser::{COMMON_OPTIONS, CommandSpec, OptionSpec};

/// All options of a command: its own, then those of every command.
pub(super) fn options_of(spec: &CommandSpec) -> impl Iterator<Item = &'static OptionSpec> + use<> {
    spec.options.iter().chain(COMMON_OPTIONS)
}

/// `--name` and `-n`.
pub(super) fn flags(option: &OptionSpec) -> Vec<String> {
    let letter = option.short.map(|letter| format!("-{letter}"));
    let long = option.names().map(|name| format!("--{name}"));
    long.chain(letter).collect()
}
