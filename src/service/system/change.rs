//! What an executor did to the machine, or would do in a dry run: as a line for people and as JSON.

use std::{fmt, path::PathBuf};

use serde_json::{Value, json};

/// One change to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemChange {
    /// A file was written, with this text unless the text is secret.
    Wrote(PathBuf, Option<String>),
    /// A file was renamed to its backup.
    BackedUp(PathBuf, PathBuf),
    /// A program was copied.
    Copied(PathBuf, PathBuf),
    /// A link was made, and to what.
    Linked(PathBuf, PathBuf),
    /// A file or folder was removed.
    Removed(PathBuf),
    /// A command ran and succeeded.
    Ran(String),
    /// A command failed, and why. Some commands may fail without ending the procedure.
    Failed(String, String),
    /// A process was started in the background.
    Launched(String),
    /// The gateway was asked for something.
    Asked(&'static str),
}

impl fmt::Display for SystemChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrote(path, _) => write!(f, "write   {}", path.display()),
            Self::BackedUp(from, to) => write!(f, "keep    {} as {}", from.display(), to.display()),
            Self::Copied(from, to) => write!(f, "copy    {} to {}", from.display(), to.display()),
            Self::Linked(link, to) => write!(f, "link    {} to {}", link.display(), to.display()),
            Self::Removed(path) => write!(f, "remove  {}", path.display()),
            Self::Ran(command) => write!(f, "run     {command}"),
            Self::Failed(command, why) => write!(f, "run     {command} ({why})"),
            Self::Launched(command) => write!(f, "start   {command}"),
            Self::Asked(what) => write!(f, "ask     the daemon to {what}"),
        }
    }
}

impl SystemChange {
    /// What was done with which command, where it was one that succeeded: nothing of it but the word before
    /// it is to be translated.
    pub fn command(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Ran(command) => Some(("run", command)),
            Self::Launched(command) => Some(("start", command)),
            _ => None,
        }
    }

    /// The change as `--json` reports it.
    pub fn json(&self) -> Value {
        match self {
            Self::Wrote(path, text) => json!({"did": "write", "path": path.display().to_string(),
                "text": text}),
            Self::BackedUp(from, to) => json!({"did": "keep", "path": from.display().to_string(),
                "as": to.display().to_string()}),
            Self::Copied(from, to) => json!({"did": "copy", "from": from.display().to_string(),
                "path": to.display().to_string()}),
            Self::Linked(link, to) => json!({"did": "link", "path": link.display().to_string(),
                "to": to.display().to_string()}),
            Self::Removed(path) => json!({"did": "remove", "path": path.display().to_string()}),
            Self::Ran(command) => json!({"did": "run", "command": command}),
            Self::Failed(command, why) => {
                json!({"did": "run", "command": command, "failed": why})
            }
            Self::Launched(command) => json!({"did": "start", "command": command}),
            Self::Asked(what) => json!({"did": "ask", "what": what}),
        }
    }
}
