//! What a command is: an inert value that a command line was parsed into, and that can be run.
//!
//! Each command has a file of its own under `commands`; `parser` makes the value.

use std::{any::Any, fmt::Debug};

use super::context::Context;
use crate::error::Result;

/// One thing that the command line can ask for. `Any` lets tests compare the value that was parsed.
pub(crate) trait Command: Any + Debug {
    /// Does it and prints the result. The caller prints the error.
    fn run(&self, context: &mut Context<'_>) -> Result<()>;

    /// Whether it acts on the daemon of the whole machine (`--system`). If so, that daemon's home
    /// folder is used unless another is named.
    fn is_about_the_machine(&self) -> bool {
        false
    }
}
