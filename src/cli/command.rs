//! What a command is: an inert value that a command line was parsed into, and that can be run.
//!
//! Each command has a file of its own under `commands`; how one is parsed is told in `parser`.

use std::{any::Any, fmt::Debug};

use super::context::Context;
use crate::error::Result;

/// One thing that the command line can ask for. `Any` lets tests look at the value that was parsed.
pub(crate) trait Command: Any + Debug {
    /// Does it, and prints what came of it. An error is printed by `main`, once.
    fn run(&self, context: &mut Context<'_>) -> Result<()>;

    /// Whether it was asked to act on the daemon of the whole machine, whose home folder is then
    /// meant unless another is named.
    fn is_about_the_machine(&self) -> bool {
        false
    }
}
