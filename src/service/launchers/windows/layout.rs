//! Where what stands in the home folder on Windows, and how long paths may be.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    service::{system::utf16, target::InstallTarget},
};

/// The windowless starter's name.
pub const WINDOWLESS: &str = "cleudocodebotw.exe";

/// The batch file's name.
pub const BAT: &str = "daemon.bat";

/// The folder of the programs, below the home folder.
pub const PROGRAMS: &str = "bin";

/// `MAX_PATH`, with the NUL at its end: `cmd` and the shell know no longer paths.
const MAX_PATH: usize = 260;

/// The files of one home folder.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a>(&'a Path);

impl<'a> Layout<'a> {
    /// The files of this site's home folder.
    pub fn of(target: &'a InstallTarget) -> Self {
        Self(&target.home)
    }

    /// The batch file that runs the daemon.
    pub fn bat(self) -> PathBuf {
        self.0.join(BAT)
    }

    /// The program that the batch file runs.
    pub fn program(self) -> PathBuf {
        self.programs().join("cleudocodebot.exe")
    }

    /// The starter without a window.
    pub fn windowless(self) -> PathBuf {
        self.programs().join(WINDOWLESS)
    }

    /// The folder of both.
    pub fn programs(self) -> PathBuf {
        self.0.join(PROGRAMS)
    }

    /// What tells the batch file to end.
    pub fn stop_flag(self) -> PathBuf {
        self.0.join("stop.flag")
    }

    /// What stands there as long as the batch file runs.
    pub fn running(self) -> PathBuf {
        self.0.join("running.flag")
    }

    /// What the batch file writes.
    pub fn supervisor_log(self) -> PathBuf {
        self.0.join("logs").join("supervisor.log")
    }

    /// What the Task Scheduler is given.
    pub fn task_xml(self) -> PathBuf {
        self.0.join("task.xml")
    }
}

/// A path below a folder, as text with the separators of Windows, whatever this system has.
pub(crate) fn below(folder: &str, names: &[&str]) -> String {
    let mut path = folder.trim_end_matches('\\').to_owned();
    for name in names {
        path.push('\\');
        path.push_str(name);
    }
    path
}

/// Refuses a home folder whose files would have too long names, or that `cmd` cannot work in.
pub(super) fn check(home: &str) -> Result<()> {
    if home.starts_with(r"\\") {
        return Err(Error::Config(format!(
            "{home} is on the network, where cmd cannot work; choose a folder on a drive with --home"
        )));
    }
    let length = utf16::length(&below(home, &[PROGRAMS, WINDOWLESS]));
    if length >= MAX_PATH {
        return Err(Error::Config(format!(
            "{home} is {} characters too long for Windows; choose a shorter folder with --home",
            length + 1 - MAX_PATH
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_home_that_works_is_told_from_the_first_that_does_not() {
        let home = |length: usize| format!("C:\\{}", "ö".repeat(length - 3));
        let spare = MAX_PATH - 1 - below("", &[PROGRAMS, WINDOWLESS]).len();
        assert!(check(&home(spare)).is_ok());
        let error = check(&home(spare + 1)).expect_err("too long").to_string();
        assert!(error.contains(" is 1 characters too long"), "{error}");
        assert!(check(r"\\server\share").is_err());
    }

    #[test]
    fn paths_are_joined_as_windows_does() {
        assert_eq!(below(r"C:\", &["a", "b"]), r"C:\a\b");
        assert_eq!(below(r"C:\x", &["a"]), r"C:\x\a");
    }
}
