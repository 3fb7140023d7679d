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
        let complaints = match &launch.stderr_file {
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
        spawn_detached(&mut command)
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
pub fn spawn_detached(command: &mut Command) -> io::Result<Child> {
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn()
}

/// No window, and where the system allows it outside the job of the terminal, which may end all in it.
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

fn wait(mut child: Child, patience: Duration) -> CommandOutcome {
    let stdout = gather(child.stdout.take());
    let stderr = gather(child.stderr.take());
    let deadline = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let rest = |from: mpsc::Receiver<_>| from.recv_timeout(OUTPUT_DEADLINE);
                return CommandOutcome::Exited {
                    code: status.code().unwrap_or(-1),
                    stdout: rest(stdout).unwrap_or_default(),
                    stderr: rest(stderr).unwrap_or_default(),
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

    #[cfg(unix)]
    #[test]
    fn a_real_command_tells_its_code_and_its_output() {
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
    fn a_command_that_hangs_is_ended() {
        let child = Command::new("sleep").arg("60").spawn().expect("started");
        assert_eq!(wait(child, Duration::ZERO), CommandOutcome::TimedOut);
    }

    #[cfg(unix)]
    #[test]
    fn output_longer_than_a_pipe_does_not_stand_still() {
        let outcome = ThisMachine.run(&SystemCommand::read_only("sh", ["-c", "seq 1 100000"]));
        assert_eq!(outcome.text().lines().count(), 100_000);
    }
}
