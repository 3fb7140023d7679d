//! The state of an installation: everything that `status` and `doctor` are based on, collected
//! without a change to the machine.

use std::path::PathBuf;

use super::{
    launchers::{
        self,
        launcher::{LauncherKind, Registration, SupervisorStatus},
        systemd,
    },
    system::{
        artefact::ArtefactState,
        executor::Executor,
        files,
        probe::{DaemonIdentity, GatewayAnswer},
        runtime_file::{self, RuntimeFile},
    },
    target::InstallTarget,
};

/// A launcher that is registered for this home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledLauncher {
    /// Which one.
    pub kind: LauncherKind,
    /// How it is registered.
    pub registration: Registration,
    /// Its files, by path.
    pub files: Vec<(String, ArtefactState)>,
    /// Whether a copied program differs from the running one.
    pub stale_program: bool,
    /// What its supervisor knows of the daemon.
    pub status: SupervisorStatus,
}

/// The state of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallState {
    /// The launchers of this home; more than one is an error.
    pub installed: Vec<InstalledLauncher>,
    /// Launchers that start the daemon of another home.
    pub elsewhere: Vec<LauncherKind>,
    /// Who answers on the port.
    pub answer: GatewayAnswer,
    /// The address that was asked.
    pub address: String,
    /// Whether a daemon holds the lock on the home folder.
    pub held: bool,
    /// What the last daemon wrote about itself.
    pub runtime_file: Option<RuntimeFile>,
    /// Whether the user's services keep running after a log-out; `None` where the daemon is not one.
    pub lingers: Option<bool>,
    /// Settings from the environment or the command line, which the installed daemon does not see.
    pub overruled: Vec<String>,
    /// Why the registration could not be read.
    pub unreachable: Option<String>,
}

impl InstallState {
    /// Collects everything; changes nothing.
    pub fn gather(target: &InstallTarget, executor: &Executor<'_>, overruled: Vec<String>) -> Self {
        let installed = installed(target, executor);
        let is_user_unit = |one: &InstalledLauncher| one.kind == LauncherKind::UserUnit;
        let lingers = installed
            .iter()
            .any(is_user_unit)
            .then(|| systemd::is_lingering(target));
        Self {
            answer: executor.ask_gateway(),
            address: executor.world.probe.address(),
            held: runtime_file::is_held(&target.home).unwrap_or(false),
            runtime_file: RuntimeFile::read(&target.home),
            lingers,
            overruled,
            unreachable: unreachable(target, executor, &installed),
            installed,
            elsewhere: elsewhere(target, executor),
        }
    }

    /// The daemon of this home folder, if it answers.
    pub fn running(&self, target: &InstallTarget) -> Option<&DaemonIdentity> {
        target.own_daemon(&self.answer)
    }
}

fn installed(target: &InstallTarget, executor: &Executor<'_>) -> Vec<InstalledLauncher> {
    launchers::all(target)
        .iter()
        .filter_map(|launcher| {
            let registration = launcher.registration(target, executor);
            if !registration.is_ours() {
                return None;
            }
            let artefacts = launcher.artefacts(target).unwrap_or_default();
            let files = artefacts.iter().map(|artefact| {
                let state = artefact.state().unwrap_or(ArtefactState::Foreign);
                (artefact.path.display().to_string(), state)
            });
            let differs = |(from, to): &(PathBuf, PathBuf)| {
                !files::have_same_content(from, to).unwrap_or(false)
            };
            Some(InstalledLauncher {
                kind: launcher.kind(),
                registration,
                files: files.collect(),
                stale_program: launcher.copies(target).iter().any(differs),
                status: launcher.status(target, executor),
            })
        })
        .collect()
}

fn elsewhere(target: &InstallTarget, executor: &Executor<'_>) -> Vec<LauncherKind> {
    launchers::all(target)
        .iter()
        .filter(|launcher| launcher.registration(target, executor) == Registration::Elsewhere)
        .map(|launcher| launcher.kind())
        .collect()
}

/// Without systemd an installed unit looks as if it were broken, so that reason has to be known.
fn unreachable(
    target: &InstallTarget,
    executor: &Executor<'_>,
    installed: &[InstalledLauncher],
) -> Option<String> {
    let is_unit = |one: &InstalledLauncher| {
        matches!(one.kind, LauncherKind::UserUnit | LauncherKind::MachineUnit)
    };
    if !installed.iter().any(is_unit) {
        return None;
    }
    systemd::unreachable(target, executor)
}
