//! Where the program of a user's daemon is kept on Linux and macOS: a build folder, a download folder or a
//! temporary one may be gone at the next log-on, so a program that is in such a place is copied, and linked to
//! from `~/.local/bin`, where people have their own programs (XDG Base Directory Specification, 0.8).
//!
//! Not here: Windows, where the home folder has the copy (`windows::files`), and the daemon of the machine
//! (`systemd`).

use std::path::{Path, PathBuf};

use crate::{
    error::Result,
    service::{
        system::{executor::Executor, platform::System},
        target::{InstallTarget, Scope},
    },
};

/// The folder of the copy, below the user's own.
const FOLDER: &str = ".local/share/cleudocodebot/bin";

/// The folder of the link, below the user's own.
const LINKS: &str = ".local/bin";

/// The program's name.
const NAME: &str = "cleudocodebot";

/// Folders in which programs stay: those of the system's package managers,
const OF_THE_SYSTEM: [&str; 8] = [
    "/usr",
    "/opt",
    "/bin",
    "/nix",
    "/gnu",
    "/snap",
    "/home/linuxbrew",
    "/Applications",
];

/// and those of the user, below the user's own.
const OF_THE_USER: [&str; 5] = [".local", ".cargo", "bin", ".nix-profile", "Applications"];

/// The program that is started at log-on.
pub(super) fn kept(target: &InstallTarget) -> PathBuf {
    if is_stable(target) {
        target.program.clone()
    } else {
        copy(target)
    }
}

/// What is copied, and to where.
pub(super) fn copies(target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
    let kept = kept(target);
    if kept == target.program {
        return Vec::new();
    }
    vec![(target.program.clone(), kept)]
}

fn copy(target: &InstallTarget) -> PathBuf {
    target.folders.user.join(FOLDER).join(NAME)
}

/// Whether the program may stay where it is.
fn is_stable(target: &InstallTarget) -> bool {
    let is_below = |folder: &Path| target.program.starts_with(folder);
    OF_THE_SYSTEM.iter().any(|it| is_below(Path::new(it)))
        || OF_THE_USER
            .iter()
            .any(|it| is_below(&target.folders.user.join(it)))
}

/// Whether this installation may have a copy at all.
fn has_copy(target: &InstallTarget) -> bool {
    target.system != System::Windows && target.scope == Scope::User
}

/// Makes the copy a command: links to it, and says where it is.
pub(in crate::service) fn publish(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
) -> Result<()> {
    if !has_copy(target) || kept(target) != copy(target) {
        return Ok(());
    }
    let (copy, folder) = (copy(target), target.folders.user.join(LINKS));
    let link = folder.join(NAME);
    if !executor.link(&copy, &link)? {
        return Ok(());
    }
    executor.note(format!(
        "the daemon runs from a copy of this program, and the command is {}; \
         after an update, install again",
        link.display()
    ));
    if !target.folders.search.contains(&folder) {
        executor.note(format!(
            "{} is not among the folders that your shell looks for programs in; add it to PATH, \
             or log in again",
            folder.display()
        ));
    }
    Ok(())
}

/// Removes the copy and the link to it.
pub(in crate::service) fn withdraw(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
) -> Result<()> {
    if !has_copy(target) {
        return Ok(());
    }
    let copy = copy(target);
    let link = target.folders.user.join(LINKS).join(NAME);
    if std::fs::read_link(&link).is_ok_and(|to| to == copy) {
        executor.remove(&link)?;
    }
    executor.remove(&copy)?;
    let folders = copy.ancestors().skip(1).take(2);
    folders.for_each(|folder| executor.remove_empty_folder(folder));
    Ok(())
}
