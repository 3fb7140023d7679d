//! Programs that this one starts, each with everything that it starts itself: they end when we want it,
//! and with us however we end, by SIGKILL too.
//!
//! On Unix each is a process group, and a small shell that we feed through a pipe knows all of them: what it
//! reads it signals, and when the pipe ends it kills what is left. Without it, nobody would be left to end
//! the programs of a process that was killed. On Windows `taskkill` ends a tree of processes while we run;
//! what outlives a killed one there are programs that ignore the end of their standard input.
//!
//! A program that leaves its group on purpose (`setsid`, a double fork of a service that makes a session of its own)
//! is not ended with it, neither by us nor by the shell: it looks like any other program of the user, and nothing but
//! a process that adopts orphans, or a control group, would know better. Nobody waits for it either: its pipes are
//! left with it once the main program has ended (see [`ended`]).
//!
//! Not here: which program, and what is said to it.

#[cfg(not(unix))]
mod elsewhere;
mod tail;
#[cfg(unix)]
mod unix;

use std::{io, process::ExitStatus, time::Duration};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

#[cfg(not(unix))]
use self::elsewhere as system;
pub use self::tail::Tail;
#[cfg(unix)]
use self::unix as system;

/// Starts programs and sees to their end. Clones share one shell, which starts with the first program.
#[derive(Debug, Clone, Default)]
pub struct Keeper(system::Keeper);

/// A program with all that it started. Dropping it kills what still runs of it.
#[derive(Debug)]
pub struct Group(system::Group);

/// What runs a line as the system's shell does, in words.
pub fn shell(line: &str) -> Vec<String> {
    let words: &[&str] = if cfg!(windows) {
        // Without what the registry has every shell run first.
        &["cmd", "/D", "/C", line]
    } else {
        &["/bin/sh", "-c", line]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// How long what a program left behind may hold its pipes open after its end. What it wrote itself is read by
/// then: that lies in the pipes already.
const LINGER: Duration = Duration::from_millis(500);

/// Waits until a program has ended and its streams were seen to: to their end, or for a little while after its own,
/// where something that it started holds them open. An error of the streams is the end of waiting. The caller drops
/// the group then, which ends what is left.
pub async fn ended<E>(
    child: &mut Child,
    streams: impl Future<Output = Result<(), E>>,
) -> Result<io::Result<ExitStatus>, E> {
    tokio::pin!(streams);
    tokio::select! {
        biased;
        seen = &mut streams => {
            seen?;
            Ok(child.wait().await)
        }
        status = child.wait() => {
            if let Ok(seen) = timeout(LINGER, streams).await {
                seen?;
            }
            Ok(status)
        }
    }
}

impl Keeper {
    /// Starts a program in a group of its own.
    pub fn start(&self, mut command: Command) -> io::Result<(Child, Group)> {
        command.kill_on_drop(true);
        let (child, group) = self.0.start(command)?;
        Ok((child, Group(group)))
    }
}

impl Group {
    /// The program was waited for. On Windows its id may be another's from then on, so that nothing is killed by it;
    /// on Unix the group is still that of what it left behind.
    pub fn ended(&mut self) {
        self.0.ended();
    }

    /// Asks the programs to end (SIGTERM). Does nothing on Windows, which has no such signal.
    pub fn terminate(&self) {
        self.0.terminate();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Stdio;

    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

    use super::*;

    /// A shell that runs this, with its standard output.
    fn scripted(
        keeper: &Keeper,
        script: &str,
    ) -> (Child, Group, BufReader<tokio::process::ChildStdout>) {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let (mut child, group) = keeper.start(command).expect("started");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        (child, group, output)
    }

    #[tokio::test]
    async fn what_a_program_started_ends_with_it() {
        let keeper = Keeper::default();
        let script = "(trap '' TERM HUP; echo up; sleep 600) & wait";
        let (_child, group, mut output) = scripted(&keeper, script);
        let mut line = String::new();
        output.read_line(&mut line).await.expect("up");
        drop(group);
        // The pipe ends only once nobody holds its other end any more.
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).await.expect("ended");
        assert_eq!((line.as_str(), &rest[..]), ("up\n", &b""[..]));
    }

    #[tokio::test]
    async fn a_program_that_is_asked_to_end_may_say_goodbye() {
        let keeper = Keeper::default();
        let script = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.1; done";
        let (mut child, group, mut output) = scripted(&keeper, script);
        let mut line = String::new();
        output.read_line(&mut line).await.expect("up");
        group.terminate();
        output.read_to_string(&mut line).await.expect("ended");
        let status = child.wait().await.expect("ended");
        assert_eq!((line.as_str(), status.code()), ("up\nbye\n", Some(7)));
    }

    #[tokio::test]
    async fn when_the_keeper_is_gone_so_are_its_programs_and_no_others() {
        let (keeper, other) = (Keeper::default(), Keeper::default());
        let (_child, group, mut output) = scripted(&keeper, "echo up; sleep 600");
        let (mut second, stays, _) = scripted(&other, "exec sleep 600");
        let mut line = String::new();
        output.read_line(&mut line).await.expect("up");
        // As where this process is killed: nothing is dropped, and the pipe ends.
        group.0.forget_pipe();
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).await.expect("ended");
        assert!(
            second.try_wait().expect("known").is_none(),
            "the other runs"
        );
        drop(stays);
        assert!(!second.wait().await.expect("ended").success());
    }

    #[tokio::test]
    async fn a_shell_that_was_killed_is_replaced() {
        let keeper = Keeper::default();
        let (_child, group, _) = scripted(&keeper, "exec sleep 600");
        group.0.forget_pipe();
        let (mut child, group, _) = scripted(&keeper, "exec sleep 600");
        drop(group);
        assert!(!child.wait().await.expect("ended").success());
    }
}
