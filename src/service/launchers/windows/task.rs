//! A task of the Task Scheduler, which the user chooses with `--task`.

use std::path::PathBuf;

use super::{
    files::{check_home, copies, daemon_bat, is_windowless, mention_window},
    layout::Layout,
    supervisor, task_xml,
};
use crate::{
    error::{Error, Result},
    service::{
        launchers::launcher::{Launcher, LauncherKind, Registration, SupervisorStatus},
        system::{artefact::Artefact, command::SystemCommand, executor::Executor},
        target::InstallTarget,
    },
};

/// The task's name.
const NAME: &str = "Cleudocodebot";

/// A scheduled task.
pub(in crate::service) struct ScheduledTask;

impl ScheduledTask {
    fn program(target: &InstallTarget) -> String {
        target.folders.windows_command("schtasks.exe")
    }

    fn is_known(target: &InstallTarget, executor: &Executor<'_>) -> bool {
        let command = SystemCommand::read_only(&Self::program(target), ["/query", "/tn", NAME]);
        executor.query(&command).succeeded()
    }
}

impl Launcher for ScheduledTask {
    fn kind(&self) -> LauncherKind {
        LauncherKind::Task
    }

    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>> {
        let home = InstallTarget::text(&target.home)?;
        let text = task_xml::task(&target.account.name, home, is_windowless(target));
        let task = Artefact::utf16(Layout::of(target).task_xml(), &text);
        Ok(vec![daemon_bat(target), task])
    }

    fn copies(&self, target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        copies(target)
    }

    fn check_available(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        check_home(target)?;
        if target.account.name.is_empty() {
            return Err(Error::Failed(
                "whoami does not tell the user's security identifier, which a task needs"
                    .to_owned(),
            ));
        }
        mention_window(target, executor);
        Ok(())
    }

    fn must_stop_to_change(&self) -> bool {
        true
    }

    /// The task was made from our file, so without the file it is not ours. The scheduler is asked only
    /// whether it still has the task: some environments (Wine) have a `schtasks` that claims to know
    /// every task.
    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration {
        if !Layout::of(target).task_xml().exists() {
            return Registration::None;
        }
        if Self::is_known(target, executor) {
            return Registration::Complete;
        }
        Registration::Different("the Task Scheduler does not know the task any more".to_owned())
    }

    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let file = Layout::of(target).task_xml();
        let args = [
            "/create",
            "/tn",
            NAME,
            "/xml",
            InstallTarget::text(&file)?,
            "/f",
        ];
        executor.run(&SystemCommand::modifying(&Self::program(target), args))
    }

    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if Layout::of(target).task_xml().exists() && Self::is_known(target, executor) {
            let args = ["/delete", "/tn", NAME, "/f"];
            executor.run(&SystemCommand::modifying(&Self::program(target), args))?;
        }
        Ok(())
    }

    fn status(&self, target: &InstallTarget, _executor: &Executor<'_>) -> SupervisorStatus {
        supervisor::status(target)
    }

    fn last_output(&self, target: &InstallTarget, _executor: &Executor<'_>) -> String {
        supervisor::last_output(target)
    }

    /// Through the scheduler, so that the batch file counts as an instance of the task.
    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let command = SystemCommand::modifying(&Self::program(target), ["/run", "/tn", NAME]);
        if executor.try_run(&command).succeeded() {
            return Ok(());
        }
        supervisor::start(target, executor)
    }

    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        supervisor::stop(target, executor)
    }
}
