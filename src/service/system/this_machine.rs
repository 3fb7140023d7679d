//! Runs commands on this machine, with a deadline. Tests pass a runner of their own.

use std::{
    io::{self, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::command::{CommandOutcome, CommandRunner, DEADLINE, Launch, SystemCommand};
use crate::error::{Error, Result};

/// The pause between two checks whether a command has ended.
const POLL: Duration = Duration::from_millis(2);

/// How long to wait for the output of a command that has ended: a child of it may hold the pipe open
/// for ever.
const OUTPUT_DEADLINE: Duration = Duration::from_millis(500);

/// Runs commands on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl CommandRunner for ThisMachine {
    fn run(&self, command: &SystemCommand) -> CommandOutcome {
        let mut process = Command::new(&command.program);
        process
            .args(&command.args)
            .envs(command.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match process.spawn() {
            Ok(child) => wait(child, DEADLINE),
            Err(error) if error.kind() == io::ErrorKind::NotFound => CommandOutcome::Missing,
            Err(error) => CommandOutcome::Refused(error.to_string()),
        }
    }

    fn launch(&self, launch: &Launch) -> Result<u32> {
        let stderr = match &launch.stderr_file {
            None => Stdio::null(),
            Some(file) => Stdio::from(create_empty(file)?),
        };
        let mut command = Command::new(&launch.program);
        command
            .args(&launch.args)
            .current_dir(&launch.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        spawn_detached(&mut command)
            .map(|child| child.id())
            .map_err(Error::file("start", &launch.program))
    }
}

/// An empty file that only its owner can read, in a folder that only its owner can enter.
fn create_empty(path: &Path) -> Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        crate::fs::create_private_dir(folder)?;
    }
    crate::fs::create_private_file(path)?;
    crate::fs::open_private_append(path).map_err(Error::file("open", path))
}

/// Starts a process in a process group of its own, so that signals to the shell's job and the end of
/// the terminal do not reach it.
#[cfg(unix)]
pub fn spawn_detached(command: &mut Command) -> io::Result<Child> {
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn()
}

/// Starts a process without a window and, where that is allowed, outside of the terminal's job object:
/// closing the terminal may end every process of that job.
#[cfg(windows)]
pub fn spawn_detached(command: &mut Command) -> io::Result<Child> {
    use std::os::windows::process::CommandExt as _;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    const CREATE_BREAKAWAY_FROM_JOB: u32 = 0x0100_0000;
    command
        .creation_flags(CREATE_NO_WINDOW | CREATE_BREAKAWAY_FROM_JOB)
        .spawn()
        .or_else(|_| command.creation_flags(CREATE_NO_WINDOW).spawn())
}

/// Polls, because the standard library has no wait with a deadline.
fn wait(mut child: Child, limit: Duration) -> CommandOutcome {
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let output = |pipe: mpsc::Receiver<_>| pipe.recv_timeout(OUTPUT_DEADLINE);
                return CommandOutcome::Exited {
                    code: status.code().unwrap_or(-1),
                    stdout: output(stdout).unwrap_or_default(),
                    stderr: output(stderr).unwrap_or_default(),
                };
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return CommandOutcome::TimedOut;
            }
            Err(error) => return CommandOutcome::Refused(error.to_string()),
        }
    }
}

/// Reads a pipe on a thread of its own: a command blocks once the pipe is full.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
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

    #[cfg(unix)]
    #[test]
    fn a_real_command_returns_code_and_output() {
        let run = |command| ThisMachine.run(&command);
        let outcome = run(SystemCommand::read_only(
            "sh",
            ["-c", "echo out; echo err >&2; exit 3"],
        ));
        let expected = CommandOutcome::Exited {
            code: 3,
            stdout: b"out\n".to_vec(),
            stderr: b"err\n".to_vec(),
        };
        assert_eq!(outcome, expected);
        let missing = run(SystemCommand::read_only("/nonexistent/cleudocodebot", []));
        assert_eq!(missing, CommandOutcome::Missing);
        assert!(matches!(
            run(SystemCommand::read_only("/", [])),
            CommandOutcome::Refused(_)
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_hangs_is_killed() {
        let child = Command::new("sleep").arg("60").spawn().expect("started");
        assert_eq!(wait(child, Duration::ZERO), CommandOutcome::TimedOut);
    }

    #[cfg(unix)]
    #[test]
    fn output_longer_than_a_pipe_does_not_block() {
        let outcome = ThisMachine.run(&SystemCommand::read_only("sh", ["-c", "seq 1 100000"]));
        assert_eq!(outcome.text().lines().count(), 100_000);
    }
}
