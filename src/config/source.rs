//! The sources of settings and their names.

use std::fmt;

/// The source of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    CommandLine,
    /// The process environment.
    Environment,
    /// The `.env`, on this line.
    EnvFile {
        /// Counted from 1.
        line: usize,
    },
    /// Nothing set it.
    Default,
}

impl Source {
    /// Its name, without the line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Environment => "environment",
            Self::EnvFile { .. } => ".env",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
