//! The paths of the files in the home folder on Windows, and how long a path may be.

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

/// `MAX_PATH`, which counts the NUL at the end. `cmd` and Explorer cannot handle longer paths.
const MAX_PATH: usize = 260;

/// The files of one home folder.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a>(&'a Path);

impl<'a> Layout<'a> {
    /// The files in the home folder of this install target.
    pub fn of(target: &'a InstallTarget) -> Self {
        Self(&target.home)
    }

    /// The batch file that runs the daemon.
    pub fn bat(self) -> PathBuf {
        self.0.join(BAT)
    }

    /// The copy of the program, which the batch file runs.
    pub fn program(self) -> PathBuf {
        self.programs().join("cleudocodebot.exe")
    }

    /// The copy of the windowless starter.
    pub fn windowless(self) -> PathBuf {
        self.programs().join(WINDOWLESS)
    }

    /// The folder of both programs.
    pub fn programs(self) -> PathBuf {
        self.0.join(PROGRAMS)
    }

    /// The file that asks the batch file to end.
    pub fn stop_flag(self) -> PathBuf {
        self.0.join("stop.flag")
    }

    /// The file that exists while the batch file runs.
    pub fn running(self) -> PathBuf {
        self.0.join("running.flag")
    }

    /// The log of the batch file.
    pub fn supervisor_log(self) -> PathBuf {
        self.0.join("logs").join("supervisor.log")
    }

    /// The definition of the scheduled task.
    pub fn task_xml(self) -> PathBuf {
        self.0.join("task.xml")
    }
}

/// Joins a path with `\\`, also on systems that use another separator.
pub(crate) fn below(folder: &str, names: &[&str]) -> String {
    let mut path = folder.trim_end_matches('\\').to_owned();
    for name in names {
        path.push('\\');
        path.push_str(name);
    }
    path
}

/// Fails for a home folder whose files would have too long paths, or in which `cmd` cannot work.
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
    fn a_home_is_refused_from_the_first_length_too_long() {
        let home = |length: usize| format!("C:\\{}", "ö".repeat(length - 3));
        let spare = MAX_PATH - 1 - below("", &[PROGRAMS, WINDOWLESS]).len();
        assert!(check(&home(spare)).is_ok());
        let error = check(&home(spare + 1)).expect_err("too long").to_string();
        assert!(error.contains(" is 1 characters too long"), "{error}");
        assert!(check(r"\\server\share").is_err());
    }

    #[test]
    fn paths_are_joined_with_backslashes() {
        assert_eq!(below(r"C:\", &["a", "b"]), r"C:\a\b");
        assert_eq!(below(r"C:\x", &["a"]), r"C:\x\a");
    }
}
