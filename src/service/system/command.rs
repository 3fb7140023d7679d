//! Running the system's own commands: what is run, what came of it, and the one implementation that
//! really does it. Tests bring another.
//!
//! Not here: which commands (each way of starting has its own) and what their answers mean.

use std::{
    fmt, io,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// How long a command may take. `systemctl restart` waits until the daemon is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks at a running command.
const LOOK: Duration = Duration::from_millis(2);

/// Time for the output of a command that has ended; who else holds the pipe is not waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Whether a command may run while nothing is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only looks.
    Looks,
    /// It changes something.
    Changes,
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
    pub effect: Effect,
}

/// What came of a command. Decisions go by the exit code: texts are in the user's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
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
    pub complaints: Option<PathBuf>,
}

/// Who runs commands.
pub trait Runner {
    /// Runs a command to its end.
    fn run(&self, command: &SystemCommand) -> Outcome;

    /// Starts a process that outlives this one, and tells its pid.
    fn launch(&self, launch: &Launch) -> Result<u32>;
}

/// Runs commands on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl SystemCommand {
    /// A command that only looks.
    pub fn looks<const N: usize>(program: &str, args: [&str; N]) -> Self {
        Self::new(program, args, Effect::Looks)
    }

    /// A command that changes something.
    pub fn changes<const N: usize>(program: &str, args: [&str; N]) -> Self {
        Self::new(program, args, Effect::Changes)
    }

    fn new<const N: usize>(program: &str, args: [&str; N], effect: Effect) -> Self {
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

impl Outcome {
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
    pub fn complaint(&self) -> String {
        match self {
            Self::Missing => "there is no such program".to_owned(),
            Self::Refused(why) => format!("it could not be started: {why}"),
            Self::TimedOut => format!("it did not end within {} s", PATIENCE.as_secs()),
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

impl Runner for ThisMachine {
    fn run(&self, command: &SystemCommand) -> Outcome {
        let mut process = Command::new(&command.program);
        process
            .args(&command.args)
            .envs(command.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match process.spawn() {
            Ok(child) => wait(child, PATIENCE),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Missing,
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }

    fn launch(&self, launch: &Launch) -> Result<u32> {
        let complaints = match &launch.complaints {
            None => Stdio::null(),
            Some(file) => Stdio::from(fresh(file)?),
        };
        let mut command = Command::new(&launch.program);
        command
            .args(&launch.args)
            .current_dir(&launch.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(complaints);
        spawn_apart(&mut command)
            .map(|child| child.id())
            .map_err(Error::file("start", &launch.program))
    }
}

/// An empty file of the owner's alone, in a folder of theirs.
fn fresh(path: &Path) -> Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        crate::fs::create_private_dir(folder)?;
    }
    crate::fs::create_private_file(path)?;
    crate::fs::open_private_append(path).map_err(Error::file("open", path))
}

/// A group of its own: what ends the shell or its terminal does not end the process.
#[cfg(unix)]
pub fn spawn_apart(command: &mut Command) -> io::Result<Child> {
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn()
}

/// No window, and where the system allows it outside the job of the terminal, which may end all in it.
#[cfg(windows)]
pub fn spawn_apart(command: &mut Command) -> io::Result<Child> {
    use std::os::windows::process::CommandExt as _;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    const CREATE_BREAKAWAY_FROM_JOB: u32 = 0x0100_0000;
    command
        .creation_flags(CREATE_NO_WINDOW | CREATE_BREAKAWAY_FROM_JOB)
        .spawn()
        .or_else(|_| command.creation_flags(CREATE_NO_WINDOW).spawn())
}

fn wait(mut child: Child, patience: Duration) -> Outcome {
    let stdout = gather(child.stdout.take());
    let stderr = gather(child.stderr.take());
    let deadline = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let rest = |from: mpsc::Receiver<_>| from.recv_timeout(LAST_WORDS);
                return Outcome::Exited {
                    code: status.code().unwrap_or(-1),
                    stdout: rest(stdout).unwrap_or_default(),
                    stderr: rest(stderr).unwrap_or_default(),
                };
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Outcome::TimedOut;
            }
            Err(error) => return Outcome::Refused(error.to_string()),
        }
    }
}

/// Reads a pipe beside the command, which would otherwise stand still once the pipe is full.
fn gather(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_shown_as_one_would_type_them() {
        let command = SystemCommand::looks("systemctl", ["--user", "show", "a b", ""]);
        assert_eq!(command.to_string(), "systemctl --user show 'a b' ''");
        assert_eq!(as_typed("it's"), "\"it's\"");
    }

    #[test]
    fn a_complaint_quotes_the_last_line_only() {
        let outcome = Outcome::Exited {
            code: 5,
            stdout: b"one".to_vec(),
            stderr: b"two\nthr\xffee\x1b\n\n".to_vec(),
        };
        assert_eq!(outcome.complaint(), "exit code 5: thr\u{fffd}ee");
        assert!(!outcome.succeeded());
    }

    #[cfg(unix)]
    #[test]
    fn a_real_command_tells_its_code_and_its_output() {
        let run = |command| ThisMachine.run(&command);
        let outcome = run(SystemCommand::looks(
            "sh",
            ["-c", "echo out; echo err >&2; exit 3"],
        ));
        let expected = Outcome::Exited {
            code: 3,
            stdout: b"out\n".to_vec(),
            stderr: b"err\n".to_vec(),
        };
        assert_eq!(outcome, expected);
        let missing = run(SystemCommand::looks("/nonexistent/cleudocodebot", []));
        assert_eq!(missing, Outcome::Missing);
        assert!(matches!(
            run(SystemCommand::looks("/", [])),
            Outcome::Refused(_)
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_hangs_is_ended() {
        let child = Command::new("sleep").arg("60").spawn().expect("started");
        assert_eq!(wait(child, Duration::ZERO), Outcome::TimedOut);
    }

    #[cfg(unix)]
    #[test]
    fn output_longer_than_a_pipe_does_not_stand_still() {
        let outcome = ThisMachine.run(&SystemCommand::looks("sh", ["-c", "seq 1 100000"]));
        assert_eq!(outcome.text().lines().count(), 100_000);
    }
}
