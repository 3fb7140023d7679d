//! Waiting for the daemon that was just started. Success is what the gateway itself reports: it
//! answers on the port, accepts the token of `.env`, has this home folder and this version, and is the
//! process that was started.

use std::time::Duration;

use super::{
    launchers::launcher::Launcher,
    system::{
        executor::Executor,
        probe::{DaemonIdentity, GatewayAnswer},
    },
    target::InstallTarget,
};
use crate::error::{Error, Result};

/// The version of this program, and so of the daemon that is installed.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the daemon may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// The pause between two questions to the gateway.
const PAUSE: Duration = Duration::from_millis(50);

/// After so many questions the supervisor is asked whether it gave up, and progress is shown.
const STATUS_EVERY: u32 = 40;

/// How many lines of the log to show when the daemon does not answer.
const LAST_LINES: usize = 6;

/// Waits for the daemon. `former` is the process that is to be replaced: its answers do not count.
pub(super) fn verify(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    former: Option<u32>,
) -> Result<DaemonIdentity> {
    // Counted in questions rather than measured: tests pass a pause that returns at once.
    let questions = u32::try_from(DEADLINE.as_millis() / PAUSE.as_millis()).unwrap_or(u32::MAX);
    let mut answer = executor.ask_gateway();
    for question in 1..=questions {
        if let GatewayAnswer::Ours(identity) = &answer
            && is_the_one(target, executor, launcher, identity, former)
        {
            return Ok(identity.clone());
        }
        if question % STATUS_EVERY == 0 {
            // Asking the supervisor takes a command, so not each time.
            if launcher.status(target, executor).gave_up.is_some() {
                break;
            }
            let seconds = (PAUSE * question).as_secs();
            (executor.world.progress)(&format!("waiting for the daemon … {seconds} s"));
        }
        (executor.world.pause)(PAUSE);
        answer = executor.ask_gateway();
    }
    Err(Error::Failed(failure(target, executor, launcher, &answer)))
}

fn is_the_one(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    identity: &DaemonIdentity,
    former: Option<u32>,
) -> bool {
    let is_ours = target.is_home(&identity.home)
        && identity.version == VERSION
        && identity.address == executor.world.probe.address();
    // A supervisor that does not know the pid leaves the question open.
    let supervised = || {
        launcher
            .status(target, executor)
            .pid
            .unwrap_or(identity.pid)
    };
    is_ours && former != Some(identity.pid) && supervised() == identity.pid
}

/// What was found instead of the daemon, its last log lines, and the next step.
fn failure(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    answer: &GatewayAnswer,
) -> String {
    let address = executor.world.probe.address();
    let what = match answer {
        GatewayAnswer::Nobody => format!("nobody answers at {address}"),
        GatewayAnswer::Stranger(why) => format!("another program answers at {address}: {why}"),
        GatewayAnswer::OtherToken => format!("what answers at {address} refuses the token of .env"),
        GatewayAnswer::Unknown(why) => why.clone(),
        GatewayAnswer::Ours(other) => format!(
            "pid {} with version {} and home {} answers at {address}",
            other.pid, other.version, other.home
        ),
    };
    let status = launcher.status(target, executor);
    let exit = status.last_exit.map_or_else(String::new, |code| {
        format!("; the daemon ended with exit code {code}")
    });
    let why = status
        .gave_up
        .map_or_else(String::new, |why| format!(": {why}"));
    let lines = last_lines(target, executor, launcher);
    let lines = if lines.is_empty() {
        String::new()
    } else {
        format!("\nits last log lines:\n  {}", lines.join("\n  "))
    };
    format!(
        "the daemon was started ({}) and does not answer as it should: {what}{exit}{why}{lines}\n\
         next: {}",
        launcher.kind().title(),
        target.command("doctor")
    )
}

/// The last lines that the daemon printed before its own log was open.
fn last_lines(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
) -> Vec<String> {
    let text = launcher.last_output(target, executor);
    let lines = text.lines().map(str::trim_end);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    let printable = |line: &&str| line.chars().filter(|c| !c.is_control()).collect();
    lines[from..].iter().map(printable).collect()
}
