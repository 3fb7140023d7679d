//! Success is what the gateway says: it answers on the port, knows the token of `.env`, has this home
//! folder and this version, and is the process that was started.

use std::{path::Path, time::Duration};

use super::{
    launchers::launcher::{Kind, Launcher},
    system::{
        command::SystemCommand,
        executor::Executor,
        probe::{Answer, Identity},
    },
    target::{InstallTarget, Scope},
};
use crate::error::{Error, Result};

/// The version of this program, which is the one that shall run.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two questions.
const LOOK: Duration = Duration::from_millis(50);

/// Questions between two looks at whoever started the daemon, and between two lines of progress.
const ROUND: u32 = 40;

/// Log lines that are shown when it does not answer.
const LAST_LINES: usize = 6;

/// Waits for the daemon. `former` is the process that must not be the one that answers.
pub(super) fn verify(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    former: Option<u32>,
) -> Result<Identity> {
    let rounds = u32::try_from(PATIENCE.as_millis() / LOOK.as_millis()).unwrap_or(u32::MAX);
    let mut answer = executor.ask();
    for round in 1..=rounds {
        if let Answer::Ours(identity) = &answer
            && is_the_one(target, executor, launcher, identity, former)
        {
            return Ok(identity.clone());
        }
        if round % ROUND == 0 {
            if launcher.condition(target, executor).gave_up.is_some() {
                break;
            }
            let seconds = (LOOK * round).as_secs();
            (executor.world.progress)(&format!("waiting for the daemon … {seconds} s"));
        }
        (executor.world.pause)(LOOK);
        answer = executor.ask();
    }
    Err(Error::Failed(complaint(
        target, executor, launcher, &answer,
    )))
}

fn is_the_one(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    identity: &Identity,
    former: Option<u32>,
) -> bool {
    let is_ours = is_home(target, &identity.home)
        && identity.version == VERSION
        && identity.address == executor.world.probe.address();
    let watched = || {
        launcher
            .condition(target, executor)
            .pid
            .unwrap_or(identity.pid)
    };
    is_ours && former != Some(identity.pid) && watched() == identity.pid
}

/// Whether a home folder that a gateway shows is the site's.
pub(super) fn is_home(target: &InstallTarget, shown: &str) -> bool {
    let home = target.home.display().to_string();
    let real = |path: &Path| path.canonicalize().ok();
    let same_text = if cfg!(windows) {
        home.eq_ignore_ascii_case(shown)
    } else {
        home == shown
    };
    same_text || real(&target.home).is_some_and(|path| Some(path) == real(Path::new(shown)))
}

fn complaint(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    answer: &Answer,
) -> String {
    let address = executor.world.probe.address();
    let what = match answer {
        Answer::Nobody => format!("nobody answers at {address}"),
        Answer::Stranger(why) => format!("another program answers at {address}: {why}"),
        Answer::OtherToken => format!("what answers at {address} refuses the token of .env"),
        Answer::Unknown(why) => why.clone(),
        Answer::Ours(other) => format!(
            "at {address} answers pid {} with version {} and home {}",
            other.pid, other.version, other.home
        ),
    };
    let condition = launcher.condition(target, executor);
    let exit = condition.last_exit.map_or_else(String::new, |code| {
        format!("; the daemon ended with exit code {code}")
    });
    let why = condition
        .gave_up
        .map_or_else(String::new, |why| format!(": {why}"));
    let lines = last_words(target, executor, launcher.kind());
    let lines = if lines.is_empty() {
        String::new()
    } else {
        format!("\nits last words:\n  {}", lines.join("\n  "))
    };
    format!(
        "the daemon was started ({}) and does not answer as it should: {what}{exit}{why}{lines}\n\
         next: {}",
        launcher.kind().title(),
        target.command("doctor")
    )
}

/// The last lines the daemon wrote, wherever they went.
fn last_words(target: &InstallTarget, executor: &Executor<'_>, kind: Kind) -> Vec<String> {
    let logs = target.logs();
    let text = match kind {
        Kind::UserUnit | Kind::MachineUnit => executor.look(&journal(target)).text(),
        Kind::Autostart => read(&logs.join("start.log")),
        Kind::LaunchAgent => read(&logs.join("launchd.log")),
        Kind::RunKey | Kind::StartupFolder | Kind::Task => read(&logs.join("supervisor.log")),
    };
    let lines = text.lines().map(str::trim_end);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    let printable = |line: &&str| line.chars().filter(|c| !c.is_control()).collect();
    lines[from..].iter().map(printable).collect()
}

fn read(file: &Path) -> String {
    std::fs::read(file).map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

fn journal(target: &InstallTarget) -> SystemCommand {
    let whose = match target.scope {
        Scope::User => "--user-unit=cleudocodebot.service",
        Scope::Machine => "--unit=cleudocodebot.service",
    };
    SystemCommand::looks(
        "journalctl",
        [whose, "--lines=6", "--output=cat", "--no-pager", "--quiet"],
    )
}
