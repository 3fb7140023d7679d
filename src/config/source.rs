//! Who set a value, in the words that are shown.

use std::fmt;

/// Who set a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An argument of this run.
    CommandLine,
    /// The process environment.
    Environment,
    /// The `.env`, on this line.
    EnvFile {
        /// From 1.
        line: usize,
    },
    /// Nobody.
    Default,
}

impl Source {
    /// The words for it, without the line.
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
