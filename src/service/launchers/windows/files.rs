//! The files that all launchers of Windows share: `daemon.bat` and copies of the programs.

use std::path::PathBuf;

use super::{
    batch,
    layout::{self, Layout},
};
use crate::{
    error::Result,
    service::{
        system::{artefact::Artefact, executor::Executor},
        target::InstallTarget,
    },
};

/// The batch file that runs the daemon.
pub(super) fn daemon_bat(target: &InstallTarget) -> Artefact {
    Artefact::text(Layout::of(target).bat(), &batch::daemon())
}

/// The programs to copy: source and destination. The windowless starter may be missing; then a window
/// is shown.
pub(super) fn copies(target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
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
pub(super) fn is_windowless(target: &InstallTarget) -> bool {
    Layout::of(target).windowless().is_file()
        || target.program.with_file_name(layout::WINDOWLESS).is_file()
}

/// Tells the user that a window will be shown, if so.
pub(super) fn mention_window(target: &InstallTarget, executor: &mut Executor<'_>) {
    if !is_windowless(target) {
        executor.note(format!(
            "{} is not beside this program, so a minimised window shows at log-on",
            layout::WINDOWLESS
        ));
    }
}

/// Fails for a home folder that Windows cannot handle everywhere.
pub(super) fn check_home(target: &InstallTarget) -> Result<()> {
    let home = InstallTarget::text(&target.home)?;
    layout::check(home)
}
