//! Starting and stopping `daemon.bat`, which supervises the daemon. A batch file has no handle and no
//! signals, so it is controlled by files: `stop.flag` asks it to end, `running.flag` says that it runs.

use std::time::Duration;

use super::{layout::Layout, starter, supervisor_log};
use crate::{
    error::{Error, Result},
    service::{
        launchers::launcher::{SupervisorStatus, read_log},
        system::{
            change::SystemChange,
            command::{Launch, SystemCommand},
            executor::Executor,
            runtime_file::{self, RuntimeFile},
        },
        target::InstallTarget,
    },
};

/// How often to check whether the daemon and the batch file have ended.
const CHECKS: u32 = 50;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts the batch file hidden, as the windowless starter does at log-on.
pub(super) fn start(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    if Layout::of(target).running().exists() {
        stop(target, executor)?;
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

/// Ends the batch file, and kills a daemon that does not end.
///
/// The flag is written first: the batch file would restart a daemon that ends before it is there. The
/// batch file deletes both flags when it ends; one that was killed cannot, so they are removed here.
pub(super) fn stop(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let stop_flag = Layout::of(target).stop_flag();
    if !executor.mode.dry {
        crate::fs::write_atomic(&stop_flag, b"")?;
        executor.record(SystemChange::Wrote(stop_flag.clone(), None));
    }
    let has_ended = || !runtime_file::is_held(&target.home).unwrap_or(false);
    if !wait_until(executor, &has_ended) {
        kill_daemon(target, executor)?;
        if !wait_until(executor, &has_ended) {
            return Err(Error::Failed(format!(
                "the daemon of {} did not end, not even when it was killed",
                target.home.display()
            )));
        }
    }
    let running_flag = Layout::of(target).running();
    wait_until(executor, &|| !stop_flag.exists() || !running_flag.exists());
    executor.remove(&stop_flag)?;
    executor.remove(&running_flag)
}

/// Whether the condition came true in time.
fn wait_until(executor: &Executor<'_>, condition: &dyn Fn() -> bool) -> bool {
    for _ in 0..CHECKS {
        if executor.mode.dry || condition() {
            return true;
        }
        (executor.world.pause)(PAUSE);
    }
    condition()
}

fn kill_daemon(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let Some(daemon) = RuntimeFile::read(&target.home) else {
        return Ok(());
    };
    let program = target.folders.windows_command("taskkill.exe");
    let pid = daemon.pid.to_string();
    executor.run(&SystemCommand::modifying(
        &program,
        ["/T", "/F", "/PID", &pid],
    ))
}

/// What the batch file logged: its own lines, and the output of the daemon.
pub(super) fn last_output(target: &InstallTarget) -> String {
    read_log(&Layout::of(target).supervisor_log())
}

/// What the batch file logged about the daemon's previous runs.
pub(super) fn status(target: &InstallTarget) -> SupervisorStatus {
    supervisor_log::status(&Layout::of(target).supervisor_log())
}
