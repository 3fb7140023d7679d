//! Windows: what the three ways of starting at log-on share. Each starts `daemon.bat` in the home
//! folder without a window; the batch file runs the daemon and brings it back after a crash.
//!
//! The program is copied beside the batch file: a batch file is read in the code page of the console,
//! so it can only name what it finds relative to itself.

pub(super) mod batch;
#[cfg(test)]
mod cmd_model;
pub mod layout;
mod reg_file;
mod registry;
pub mod rights;
pub(super) mod run_key;
pub mod starter;
pub(super) mod startup_folder;
mod supervisor_log;
pub(super) mod task;
pub(super) mod task_xml;

use std::{path::PathBuf, time::Duration};

use self::layout::Layout;
use super::launcher::SupervisorStatus;
use crate::{
    error::{Error, Result},
    service::{
        system::{
            artefact::Artefact,
            change::SystemChange,
            command::{Launch, SystemCommand},
            executor::Executor,
            runtime_file::{self, RuntimeFile},
        },
        target::InstallTarget,
    },
};

/// How often the end of the batch file and of the daemon is looked for.
const LOOKS: u32 = 50;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The batch file, which all three ways have.
fn daemon_bat(target: &InstallTarget) -> Artefact {
    Artefact::text(Layout::of(target).bat(), &batch::daemon())
}

/// The programs beside the batch file. The windowless one may be missing: then a window is seen.
fn copies(target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
    let layout = Layout::of(target);
    let mut copies = vec![(target.program.clone(), layout.program())];
    let windowless = target.program.with_file_name(layout::WINDOWLESS);
    if windowless.is_file() {
        copies.push((windowless, layout.windowless()));
    }
    copies.retain(|(from, to)| from != to);
    copies
}

/// Whether the daemon can be started without a window.
fn is_windowless(target: &InstallTarget) -> bool {
    Layout::of(target).windowless().is_file()
        || target.program.with_file_name(layout::WINDOWLESS).is_file()
}

/// Says what comes of a missing windowless starter.
fn mention_window(target: &InstallTarget, executor: &mut Executor<'_>) {
    if !is_windowless(target) {
        executor.note(format!(
            "{} does not stand beside this program, so a minimised window shows at log-on",
            layout::WINDOWLESS
        ));
    }
}

/// Refuses a home that the paths of Windows or its commands cannot name.
fn check_home(target: &InstallTarget) -> Result<()> {
    let home = InstallTarget::text(&target.home)?;
    layout::check(home)
}

/// Starts the batch file as the starter at log-on does, hidden.
fn launch(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    if Layout::of(target).running().exists() {
        rest(target, executor)?;
    }
    executor
        .launch(&Launch {
            program: target.folders.windows_command("cmd.exe").into(),
            args: starter::arguments(),
            folder: target.home.clone(),
            stderr_file: None,
        })
        .map(drop)
}

/// Ends the batch file, which would bring the daemon back, and what is left of the daemon.
///
/// The flag is taken away by the batch file when it has seen it; where nobody does, none runs.
fn rest(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let flag = Layout::of(target).stop_flag();
    if !executor.mode.dry {
        crate::fs::write_atomic(&flag, b"")?;
        executor.record(SystemChange::Wrote(flag.clone(), None));
    }
    let wait = |executor: &Executor<'_>, done: &dyn Fn() -> bool| {
        for _ in 0..LOOKS {
            if executor.mode.dry || done() {
                return true;
            }
            (executor.world.pause)(LOOK);
        }
        done()
    };
    let gone = || !runtime_file::is_held(&target.home).unwrap_or(false);
    if !wait(executor, &gone) {
        kill(target, executor)?;
        if !wait(executor, &gone) {
            return Err(Error::Failed(format!(
                "the daemon of {} does not end",
                target.home.display()
            )));
        }
    }
    let running = Layout::of(target).running();
    wait(executor, &|| !flag.exists() || !running.exists());
    executor.remove(&flag)?;
    executor.remove(&running)
}

fn kill(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let Some(note) = RuntimeFile::read(&target.home) else {
        return Ok(());
    };
    let program = target.folders.windows_command("taskkill.exe");
    let pid = note.pid.to_string();
    executor.run(&SystemCommand::modifying(
        &program,
        ["/T", "/F", "/PID", &pid],
    ))
}

/// What the batch file wrote about the daemon's former runs.
fn status(target: &InstallTarget) -> SupervisorStatus {
    supervisor_log::status(&Layout::of(target).supervisor_log())
}
