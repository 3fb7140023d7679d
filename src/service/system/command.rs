//! Commands of the system: what is run and how it ended.
//!
//! Not here: which commands there are and what their output means (`launchers`), and how they are run
//! (`this_machine`).

use std::{fmt, path::PathBuf, time::Duration};

use crate::error::Result;

/// How long a command may take. `systemctl restart` waits until the daemon is ready.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Whether a command may run in a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandEffect {
    /// It changes nothing.
    ReadOnly,
    /// It changes something.
    Modifies,
}

/// A command of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemCommand {
    /// A name that is searched in `PATH`, or a path.
    pub program: String,
    /// Its arguments, not quoted: no shell is involved.
    pub args: Vec<String>,
    /// Variables added to the environment.
    pub environment: Vec<(String, String)>,
    /// Whether it changes the system.
    pub effect: CommandEffect,
}

/// How a command ended. Decisions are based on the exit code: the output is in the user's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It ended by itself, or by a signal.
    Exited {
        /// Its exit code; -1 after a signal.
        code: i32,
        /// Its standard output.
        stdout: Vec<u8>,
        /// Its standard error.
        stderr: Vec<u8>,
    },
    /// There is no such program.
    Missing,
    /// It could not be started, and why.
    Refused(String),
    /// It did not end in time and was killed.
    TimedOut,
}

/// A process that is started and outlives this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// The file for its standard error, which is truncated first; without one it is discarded.
    pub stderr_file: Option<PathBuf>,
}

/// Runs commands.
pub trait CommandRunner {
    /// Runs a command to its end.
    fn run(&self, command: &SystemCommand) -> CommandOutcome;

    /// Starts a process that outlives this one and returns its pid.
    fn launch(&self, launch: &Launch) -> Result<u32>;
}

impl SystemCommand {
    /// A command that changes nothing.
    pub fn read_only<const N: usize>(program: &str, args: [&str; N]) -> Self {
        Self::new(program, args, CommandEffect::ReadOnly)
    }

    /// A command that changes something.
    pub fn modifying<const N: usize>(program: &str, args: [&str; N]) -> Self {
        Self::new(program, args, CommandEffect::Modifies)
    }

    fn new<const N: usize>(program: &str, args: [&str; N], effect: CommandEffect) -> Self {
        Self {
            program: program.to_owned(),
            args: args.map(str::to_owned).to_vec(),
            environment: Vec::new(),
            effect,
        }
    }
}

/// The command line as it is typed into a shell.
impl fmt::Display for SystemCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&as_typed(&self.program))?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", as_typed(arg)))
    }
}

impl fmt::Display for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&as_typed(&self.program.display().to_string()))?;
        self.args
            .iter()
            .try_for_each(|arg| write!(f, " {}", as_typed(arg)))
    }
}

/// A word in quotes where it needs them. Meant for reading and copying: it is never run.
pub fn as_typed(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.contains('\'') || cfg!(windows) {
        return format!("\"{}\"", word.replace('"', "\\\""));
    }
    format!("'{word}'")
}

impl CommandOutcome {
    /// Whether it ended with exit code 0.
    pub fn succeeded(&self) -> bool {
        matches!(self, Self::Exited { code: 0, .. })
    }

    /// Standard output as text; bytes that are not UTF-8 become `�`.
    pub fn text(&self) -> String {
        match self {
            Self::Exited { stdout, .. } => String::from_utf8_lossy(stdout).into_owned(),
            _ => String::new(),
        }
    }

    /// Why it did not succeed, with the last line of its output quoted.
    pub fn failure(&self) -> String {
        match self {
            Self::Missing => "there is no such program".to_owned(),
            Self::Refused(why) => format!("it could not be started: {why}"),
            Self::TimedOut => format!("it did not end within {} s", DEADLINE.as_secs()),
            Self::Exited {
                code,
                stdout,
                stderr,
            } => {
                let quoted = last_line(stderr).or_else(|| last_line(stdout));
                let quoted = quoted.map_or_else(String::new, |line| format!(": {line}"));
                format!("exit code {code}{quoted}")
            }
        }
    }
}

fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let command = SystemCommand::read_only("systemctl", ["--user", "show", "a b", ""]);
        assert_eq!(command.to_string(), "systemctl --user show 'a b' ''");
        assert_eq!(as_typed("it's"), "\"it's\"");
    }

    #[test]
    fn a_failure_quotes_the_last_line_only() {
        let outcome = CommandOutcome::Exited {
            code: 5,
            stdout: b"one".to_vec(),
            stderr: b"two\nthr\xffee\x1b\n\n".to_vec(),
        };
        assert_eq!(outcome.failure(), "exit code 5: thr\u{fffd}ee");
        assert!(!outcome.succeeded());
    }
}
