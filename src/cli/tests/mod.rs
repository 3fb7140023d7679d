//! Parsing as a whole, with the real table of commands.
//!
//! `parser` is what all commands share, `commands` what each makes of its options; `hostile` runs those
//! that print what others wrote.

mod commands;
mod hostile;
mod parser;

use std::{any::Any, ffi::OsString};

use super::{Invocation, command::Command, parse};
use crate::error::Error;

fn invocation(line: &[&str]) -> Result<Invocation, Error> {
    parse(line.iter().map(OsString::from))
}

/// The command of this line, which has to be of this type.
fn parsed<C: Command>(line: &[&str]) -> C {
    let parsed = invocation(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let shown = format!("{:?}", parsed.command);
    let command: Box<dyn Any> = parsed.command;
    let command = command.downcast().ok();
    *command.unwrap_or_else(|| panic!("{line:?} is {shown}"))
}

fn refused(line: &[&str]) -> String {
    let error = invocation(line).expect_err("refused");
    assert_eq!(error.exit_code(), 2, "{line:?}");
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}
