//! Turns the words of a command line into a command, by a table of commands that the caller passes.
//!
//! - `spec` is one row of such a table, and what a command line gave for it.
//! - `option` is one option of a row; `common` are the options of every command.
//! - `reader` goes through the words; `usage` says what is wrong with them.
//!
//! Not here: any command.

mod common;
mod option;
mod reader;
mod spec;
mod usage;

pub(crate) use self::{
    common::{COMMON_OPTIONS, keep},
    option::{CHANNEL, JSON, OptionSpec, Takes, option, switch},
    reader::{Request, parse},
    spec::{CommandSpec, CommandTable, ParsedArgs},
    usage::{not_one_of, unknown_command},
};
