//! What an agent says of itself, one line each on standard error. The daemon that started it puts the lines
//! into its log, those that begin with [`WARNING`] as warnings.

use std::{
    fmt,
    io::{self, Write as _},
    sync::Arc,
};

use crate::log::printable;

/// What a warning begins with.
pub const WARNING: &str = "warning: ";

/// Takes the lines. Clones write to the same place.
#[derive(Clone)]
pub struct Journal(Arc<dyn Fn(&str) + Send + Sync>);

impl Journal {
    /// Writes on standard error. Nobody reading it is no reason to fail.
    pub fn stderr() -> Self {
        Self::to(|line| {
            let _ = writeln!(io::stderr(), "{line}");
        })
    }

    /// Hands each line to a function.
    pub fn to(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Says what happens.
    pub fn info(&self, text: &str) {
        (self.0)(&printable(text));
    }

    /// Says what the user should look at.
    pub fn warn(&self, text: &str) {
        (self.0)(&format!("{WARNING}{}", printable(text)));
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}
