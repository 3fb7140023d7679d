//! Where the program is that an update replaces, and the files beside it.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{
    error::{Error, Result},
    fs,
    service::{launchers::launcher::Launcher, target::InstallTarget},
};

/// Folders whose files a package manager keeps: replaced behind its back, its next run puts its own there.
const MANAGED: [&str; 6] = [
    "/usr/bin",
    "/usr/sbin",
    "/nix",
    "/gnu",
    "/snap",
    "/home/linuxbrew",
];

/// The same anywhere in a path: Homebrew and Scoop.
const MANAGED_PARTS: [&str; 4] = [
    "/Cellar/",
    "\\scoop\\apps\\",
    "\\WinGet\\Packages\\",
    "\\WinGet\\Links\\",
];

/// The program of the installed daemon; without one, this program.
pub(super) fn program(target: &InstallTarget, launcher: Option<&dyn Launcher>) -> PathBuf {
    let copies = launcher
        .map(|launcher| launcher.copies(target))
        .unwrap_or_default();
    let own = copies.into_iter().find(|(from, _)| *from == target.program);
    own.map_or_else(|| target.program.clone(), |(_, to)| to)
}

/// Fails if a package manager keeps this program.
pub(super) fn refuse_managed(program: &Path) -> Result<()> {
    let text = program.display().to_string();
    let is_managed = MANAGED.iter().any(|folder| program.starts_with(folder))
        || MANAGED_PARTS.iter().any(|part| text.contains(part));
    if !is_managed {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "{text} was put there by a package manager; update it with that, or replace it all the same with --force"
    )))
}

/// The new program, until it takes its place.
pub(super) fn staged(program: &Path) -> PathBuf {
    named(program, "new")
}

/// The program before, until the new one has shown that it works.
pub(super) fn former(program: &Path) -> PathBuf {
    named(program, "former")
}

/// The name before the extension is what differs: Windows runs `.exe` only.
fn named(program: &Path, what: &str) -> PathBuf {
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    let mut name = format!("{stem}-{what}");
    if let Some(extension) = program.extension() {
        name = format!("{name}.{}", extension.to_string_lossy());
    }
    program.with_file_name(name)
}

/// The copy of the store.
pub(super) fn store_copy(store: &Path) -> PathBuf {
    fs::beside(store, ".before-update")
}

/// Where a store goes that a program wrote which was put back.
pub(super) fn store_of(store: &Path, version: &str) -> PathBuf {
    let version: String = version
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    fs::beside(store, &format!(".of-{version}"))
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_manager_keeps_is_refused() {
        for managed in [
            "/usr/bin/cleudocodebot",
            "/opt/homebrew/Cellar/cleudocodebot/1/bin/cleudocodebot",
            r"C:\Users\ana\scoop\apps\cleudocodebot\current\cleudocodebot.exe",
        ] {
            assert!(refuse_managed(Path::new(managed)).is_err(), "{managed}");
        }
        for own in [
            "/usr/local/bin/cleudocodebot",
            "/home/ana/.local/bin/cleudocodebot",
        ] {
            refuse_managed(Path::new(own)).expect("ours");
        }
    }

    #[test]
    fn the_files_beside_a_program_can_be_run_too() {
        let (unix, windows) = (
            Path::new("/a/cleudocodebot"),
            Path::new("/a/cleudocodebot.exe"),
        );
        assert_eq!(staged(unix), Path::new("/a/cleudocodebot-new"));
        assert_eq!(former(windows), Path::new("/a/cleudocodebot-former.exe"));
    }
}
