//! An entry in the Start-up folder: the fallback for a Run value that is refused or too long.

use std::path::PathBuf;

use super::{
    batch,
    files::{check_home, copies, daemon_bat, is_windowless, mention_window},
    registry, supervisor,
};
use crate::{
    error::Result,
    service::{
        launchers::launcher::{
            Launcher, LauncherKind, Registration, SupervisorStatus, registration_in_file,
        },
        system::{artefact::Artefact, executor::Executor},
        target::InstallTarget,
    },
};

/// The entry's file name, which is also the name of the value that switches it off.
const NAME: &str = "cleudocodebot.bat";

/// A batch file in the Start-up folder.
pub(in crate::service) struct StartupFolder;

impl StartupFolder {
    fn path(target: &InstallTarget) -> PathBuf {
        let below = ["Microsoft", "Windows", "Start Menu", "Programs", "Startup"];
        let mut path = target.folders.config.clone();
        path.extend(below);
        path.join(NAME)
    }
}

impl Launcher for StartupFolder {
    fn kind(&self) -> LauncherKind {
        LauncherKind::StartupFolder
    }

    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>> {
        let home = InstallTarget::text(&target.home)?;
        let local = InstallTarget::text(&target.folders.local)?;
        let text = batch::startup(home, local, is_windowless(target));
        let entry = Artefact::text(Self::path(target), &text).backed_up_in(&target.home);
        Ok(vec![daemon_bat(target), entry])
    }

    fn copies(&self, target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        copies(target)
    }

    fn check_available(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        check_home(target)?;
        mention_window(target, executor);
        Ok(())
    }

    fn must_stop_to_change(&self) -> bool {
        true
    }

    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration {
        let markers = InstallTarget::text(&target.home).and_then(|home| {
            let local = InstallTarget::text(&target.folders.local)?;
            Ok(batch::home_markers(home, local))
        });
        let Ok(markers) = markers else {
            return Registration::None;
        };
        let registration = registration_in_file(&Self::path(target), &markers);
        let is_off = || {
            let key = registry::approved_startup();
            registry::is_switched_off(target, executor, &key, NAME)
        };
        if registration == Registration::Complete && is_off() {
            return Registration::SwitchedOff("Task Manager".to_owned());
        }
        registration
    }

    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        registry::switch_on(target, executor, &registry::approved_startup());
        executor
            .note("a console window may flash at log-on: the Start-up folder shows what it starts");
        Ok(())
    }

    fn unregister(&self, _target: &InstallTarget, _executor: &mut Executor<'_>) -> Result<()> {
        Ok(())
    }

    fn status(&self, target: &InstallTarget, _executor: &Executor<'_>) -> SupervisorStatus {
        supervisor::status(target)
    }

    fn last_output(&self, target: &InstallTarget, _executor: &Executor<'_>) -> String {
        supervisor::last_output(target)
    }

    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        supervisor::start(target, executor)
    }

    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        supervisor::stop(target, executor)
    }
}
