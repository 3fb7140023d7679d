//! The Start-up folder: where the Run value is refused or too long.

use std::path::PathBuf;

use super::{
    batch, check_home, copies, daemon_bat, is_windowless, launch, mention_window, registry, rest,
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

/// The entry's name, also in what the user switched off.
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
        let text = InstallTarget::text(&target.home).and_then(|home| {
            let local = InstallTarget::text(&target.folders.local)?;
            Ok(batch::names_home(home, local))
        });
        let Ok(words) = text else {
            return Registration::None;
        };
        let registration = registration_in_file(&Self::path(target), &words);
        let off = || {
            let key = registry::approved_startup();
            registry::is_switched_off(target, executor, &key, NAME)
        };
        if registration == Registration::Complete && off() {
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
        super::status(target)
    }

    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        launch(target, executor)
    }

    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        rest(target, executor)
    }
}
