//! What the program `cleudocodebotw` does: it starts `daemon.bat` in the folder above its own without
//! showing a window.

#[cfg(any(windows, test))]
use std::path::{Path, PathBuf};

use super::layout::BAT;

/// The arguments of `cmd`. The batch file is named relative to the working folder, so that no path is on
/// the command line, where `%` and `&` have a meaning. `/d` skips the user's `AutoRun` commands.
pub(super) fn arguments() -> Vec<String> {
    ["/d", "/e:on", "/v:off", "/c", &format!(".\\{BAT}")]
        .map(str::to_owned)
        .to_vec()
}

/// The home folder that this starter belongs to.
#[cfg(any(windows, test))]
fn home_of(starter: &Path) -> Option<PathBuf> {
    starter.parent()?.parent().map(Path::to_owned)
}

/// Starts the batch file, and with the argument `--wait` waits until it ends. Returns the exit code for
/// this process: that of the batch file if it waited, else 0, or 1 if it could not be started.
#[cfg(windows)]
pub fn run() -> i32 {
    use std::{
        os::windows::process::CommandExt as _,
        process::{Command, Stdio},
    };
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let Some(home) = std::env::current_exe().ok().and_then(|exe| home_of(&exe)) else {
        return 1;
    };
    let windows = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
    let child = Command::new(Path::new(&windows).join("System32").join("cmd.exe"))
        .args(arguments())
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .creation_flags(CREATE_NO_WINDOW)
        .spawn();
    match child {
        Err(_) => 1,
        Ok(_) if std::env::args().all(|arg| arg != "--wait") => 0,
        Ok(mut child) => child.wait().ok().and_then(|end| end.code()).unwrap_or(1),
    }
}

/// On other systems there is nothing to start.
#[cfg(not(windows))]
pub fn run() -> i32 {
    eprintln!("cleudocodebotw: only Windows needs this program; see: cleudocodebot start --help");
    2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_the_folder_above_the_programs() {
        let home = home_of(Path::new("/h/bin/cleudocodebotw.exe"));
        assert_eq!(home, Some(PathBuf::from("/h")));
        assert_eq!(home_of(Path::new("/")), None);
        assert!(arguments().iter().all(|arg| !arg.contains(' ')));
    }
}
