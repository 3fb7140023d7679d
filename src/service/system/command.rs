//! Running the system's own commands: what is run, what came of it, and the one implementation that
//! really does it. Tests bring another.
//!
//! Not here: which commands (each way of starting has its own) and what their answers mean.

use std::{fmt, path::PathBuf, time::Duration};

use crate::error::Result;

/// How long a command may take. `systemctl restart` waits until the daemon is ready.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Whether a command may run while nothing is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandEffect {
    /// It only looks.
    ReadOnly,
    /// It changes something.
    Modifies,
}

/// A command of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemCommand {
    /// A name to be found in `PATH`, or a path.
    pub program: String,
    /// Its arguments, each as the program shall see it.
    pub args: Vec<String>,
    /// What the environment says besides.
    pub environment: Vec<(String, String)>,
    /// What it does to the system.
    pub effect: CommandEffect,
}

/// What came of a command. Decisions go by the exit code: texts are in the user's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It ran to its end.
    Exited {
        /// Its exit code; -1 where a signal ended it.
        code: i32,
        /// Its standard output.
        stdout: Vec<u8>,
        /// Its standard error.
        stderr: Vec<u8>,
    },
    /// There is no such program.
    Missing,
    /// The system refused to start it, and why.
    Refused(String),
    /// It did not end in time and was killed.
    TimedOut,
}

/// A process that is started and left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// Where its standard error goes, from the start of that file; nowhere without.
    pub stderr_file: Option<PathBuf>,
}

/// Who runs commands.
pub trait CommandRunner {
    /// Runs a command to its end.
    fn run(&self, command: &SystemCommand) -> CommandOutcome;

    /// Starts a process that outlives this one, and tells its pid.
    fn launch(&self, launch: &Launch) -> Result<u32>;
}

impl SystemCommand {
    /// A command that only looks.
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

/// As a person would type it into a shell.
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

/// A word in quotes where it needs them, for a person to read and copy.
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
    /// True for exit code 0.
    pub fn succeeded(&self) -> bool {
        matches!(self, Self::Exited { code: 0, .. })
    }

    /// Standard output as text; bytes of another encoding become `�`.
    pub fn text(&self) -> String {
        match self {
            Self::Exited { stdout, .. } => String::from_utf8_lossy(stdout).into_owned(),
            _ => String::new(),
        }
    }

    /// Why it did not succeed, for a person; what the command said last is only quoted.
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
                let said = last_line(stderr).or_else(|| last_line(stdout));
                let said = said.map_or_else(String::new, |line| format!(": {line}"));
                format!("exit code {code}{said}")
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
    fn orders_are_shown_as_one_would_type_them() {
        let command = SystemCommand::read_only("systemctl", ["--user", "show", "a b", ""]);
        assert_eq!(command.to_string(), "systemctl --user show 'a b' ''");
        assert_eq!(as_typed("it's"), "\"it's\"");
    }

    #[test]
    fn a_complaint_quotes_the_last_line_only() {
        let outcome = CommandOutcome::Exited {
            code: 5,
            stdout: b"one".to_vec(),
            stderr: b"two\nthr\xffee\x1b\n\n".to_vec(),
        };
        assert_eq!(outcome.failure(), "exit code 5: thr\u{fffd}ee");
        assert!(!outcome.succeeded());
    }
}
