//! What starts the daemon at log-on or at boot, one file or folder for each kind, and which kinds a
//! system has.
//!
//! A new launcher is a file here that implements `launcher::Launcher`, a kind in
//! `launcher::LauncherKind`, and an entry in `all`. The procedures (`install`, `uninstall`,
//! `lifecycle`) know the trait only.

mod autostart;
pub mod launchd;
pub mod launcher;
pub(super) mod program;
pub mod systemd;
pub mod texts;
pub mod windows;

use self::{
    autostart::Autostart,
    launchd::LaunchAgent,
    launcher::Launcher,
    systemd::SystemdUnit,
    windows::{run_key::RunKey, startup_folder::StartupFolder, task::ScheduledTask},
};
use super::{
    system::platform::System,
    target::{InstallTarget, Scope},
};

/// Every launcher of this system, in the sequence in which an installation tries them.
pub(super) fn all(target: &InstallTarget) -> Vec<Box<dyn Launcher>> {
    match (target.system, target.scope) {
        (System::Linux, Scope::User) => {
            vec![Box::new(SystemdUnit(Scope::User)), Box::new(Autostart)]
        }
        (System::Linux, Scope::Machine) => vec![Box::new(SystemdUnit(Scope::Machine))],
        (System::MacOs, _) => vec![Box::new(LaunchAgent)],
        (System::Windows, _) => {
            vec![
                Box::new(RunKey),
                Box::new(StartupFolder),
                Box::new(ScheduledTask),
            ]
        }
    }
}
