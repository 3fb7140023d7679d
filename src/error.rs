//! The error type of the program, and the exit code of each variant.
//!
//! Not here: the error codes of the wire (`protocol::error_code`).

use std::{fmt, io, path::PathBuf};

/// What went wrong, where, and (in the text) what to do about it. Printed once, by `main`.
#[derive(Debug)]
pub enum Error {
    /// The command line is wrong. Exit code 2.
    Usage(String),
    /// A setting or a file that the user must correct before a restart can help. Exit code 78
    /// (`EX_CONFIG` of sysexits.h), after which no supervisor restarts the program.
    Config(String),
    /// A file operation failed. Exit code 1.
    File {
        /// What was tried, to follow "cannot": `open the log file`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No gateway answers at this endpoint. Exit code 1.
    NotRunning {
        /// `host:port` that was tried.
        endpoint: String,
    },
    /// The gateway answered a command with an error. Exit code 1.
    Refused {
        /// The wire's code, such as `unknown_channel`.
        code: String,
        /// The wire's text.
        message: String,
    },
    /// The daemon asks its supervisor to start it again. Exit code 75 (`EX_TEMPFAIL`).
    Restart,
    /// Anything else, with its whole text. Exit code 1.
    Failed(String),
}

/// A result with the program's error as default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The process exit code: 1, 2, 75 or 78.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Restart => 75,
            Self::Config(_) => 78,
            Self::File { .. }
            | Self::NotRunning { .. }
            | Self::Refused { .. }
            | Self::Failed(_) => 1,
        }
    }

    /// Whether a file operation failed for want of space.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::File { source, .. } if is_disk_full(source))
    }

    /// Wraps the error of a file operation; for `map_err`.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

/// Whether the system has no room left, or none for this user.
pub fn is_disk_full(error: &io::Error) -> bool {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    full.contains(&error.kind())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Config(text) | Self::Failed(text) => f.write_str(text),
            Self::File {
                action,
                path,
                source,
            } => {
                let path = path.display();
                write!(f, "cannot {action} {path}: {source}")
            }
            Self::NotRunning { endpoint } => {
                write!(
                    f,
                    "no daemon answers at {endpoint}; start it with: cleudocodebot daemon"
                )
            }
            Self::Refused { code, message } => write!(f, "{message} ({code})"),
            Self::Restart => f.write_str("restart wanted"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
