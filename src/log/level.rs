//! How much the program logs and in which format, as the settings name them.
//!
//! Not here: the log itself, and the settings themselves.

use std::{fmt, str::FromStr};

/// How serious a log line is. Ordered: what is greater is chattier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LogLevel {
    /// Something failed and a user must know.
    Error,
    /// Something is wrong and the program goes on.
    Warn,
    /// The milestones of a normal run.
    #[default]
    Info,
    /// Details for finding a fault; may hold message text.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// Every level, the most serious first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The word for it, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for LogLevel {
    type Err = ();

    /// Reads the word in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let named = |level: &Self| text.eq_ignore_ascii_case(level.as_str());
        Self::ALL.into_iter().find(named).ok_or(())
    }
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LogFormat {
    /// `time level target message key=value`, for people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl LogFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word for it, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for LogFormat {
    type Err = ();

    /// Reads the word in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let named = |format: &Self| text.eq_ignore_ascii_case(format.as_str());
        Self::ALL.into_iter().find(named).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_others_do_not() {
        for level in LogLevel::ALL {
            assert_eq!(level.as_str().to_uppercase().parse(), Ok(level));
        }
        for format in LogFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert_eq!("verbose".parse::<LogLevel>(), Err(()));
        assert_eq!("".parse::<LogFormat>(), Err(()));
    }

    #[test]
    fn trace_is_the_chattiest_and_info_the_default() {
        assert!(LogLevel::ALL.is_sorted());
        assert_eq!(LogLevel::default(), LogLevel::Info);
    }
}
