//! Which operating system this is, and where it keeps what an installation needs.

use std::path::PathBuf;

use crate::config::Environment;

/// The operating system, as far as the launchers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, with or without systemd, and every other system with freedesktop.org desktops.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The one this program was built for.
    pub fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

/// The folders of the system and of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// `/`; the folders of the system are below it. Tests put another folder here.
    pub root: PathBuf,
    /// The user's own folder: `$HOME`, or `%USERPROFILE%`.
    pub user: PathBuf,
    /// The user's settings: `~/.config`, or `%APPDATA%`.
    pub config: PathBuf,
    /// `%LOCALAPPDATA%`; empty elsewhere.
    pub local: PathBuf,
    /// `$XDG_RUNTIME_DIR`, where it is set.
    pub runtime: Option<PathBuf>,
    /// `C:\Windows`.
    pub windows: String,
    /// `$PATH`: where a shell looks for programs.
    pub search: Vec<PathBuf>,
}

impl Folders {
    /// The folders that the environment names. A relative path in it is ignored.
    pub(in crate::service) fn of(environment: &Environment) -> Self {
        let absolute = |name: &str| {
            let path = environment.get(name).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        let user = absolute(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let user = user.unwrap_or_else(|| PathBuf::from("/"));
        let config = absolute(if cfg!(windows) {
            "APPDATA"
        } else {
            "XDG_CONFIG_HOME"
        });
        Self {
            root: PathBuf::from("/"),
            config: config.unwrap_or_else(|| user.join(".config")),
            local: absolute("LOCALAPPDATA").unwrap_or_default(),
            runtime: absolute("XDG_RUNTIME_DIR"),
            windows: environment
                .get("SystemRoot")
                .unwrap_or("C:\\Windows")
                .to_owned(),
            search: environment
                .get("PATH")
                .map(|path| std::env::split_paths(path).collect())
                .unwrap_or_default(),
            user,
        }
    }

    /// The full path of a command of Windows. By its name alone it would be searched first in the
    /// folder of this program, which may be a download folder that anybody can put files into.
    pub fn windows_command(&self, name: &str) -> String {
        format!("{}\\System32\\{name}", self.windows)
    }
}
