//! What is installed, for whom and where: everything the installation has to know of its
//! surroundings, gathered once.
//!
//! Not here: the state of the installation (`state`), the settings (`config`).

use std::path::{Path, PathBuf};

use super::{
    launchers::windows,
    system::command::{Runner, SystemCommand},
};
use crate::{
    config::Environment,
    error::{Error, Result},
};

/// The family of operating systems, by how they start programs at log-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, with systemd or without, and everything else with desktops of freedesktop.org.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// Whose daemon it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The user's who installs it.
    #[default]
    User,
    /// The machine's: an account of its own, started at boot. Linux with systemd only.
    Machine,
}

/// The folder of a daemon of the machine, below `/var/lib`.
pub const MACHINE_HOME: &str = "/var/lib/cleudocodebot";

/// Everything an installation has to know of its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallTarget {
    /// Which commands there are.
    pub system: System,
    /// Whose daemon it is.
    pub scope: Scope,
    /// The home folder of the daemon.
    pub home: PathBuf,
    /// The program that runs now and shall be the daemon.
    pub program: PathBuf,
    /// Who installs.
    pub account: Account,
    /// Where the system keeps what.
    pub folders: Folders,
}

/// Who installs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The name; on Windows the security identifier.
    pub name: String,
    /// The number, on Unix.
    pub uid: Option<u32>,
    /// Who called us through sudo.
    pub through_sudo: Option<String>,
}

/// Where the system keeps what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// `/`, below which the system's own folders are.
    pub root: PathBuf,
    /// The user's folder.
    pub user: PathBuf,
    /// The user's settings: `~/.config`, or `%APPDATA%`.
    pub config: PathBuf,
    /// `%LOCALAPPDATA%`.
    pub local: PathBuf,
    /// The socket folder of the session, where the environment names one.
    pub runtime: Option<PathBuf>,
    /// `C:\Windows`.
    pub windows: String,
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

impl InstallTarget {
    /// Gathers what is to know. Fails where a folder that everything depends on cannot be told.
    pub fn survey(
        scope: Scope,
        home: PathBuf,
        environment: &Environment,
        runner: &dyn Runner,
    ) -> Result<Self> {
        let program = std::env::current_exe()
            .and_then(|path| path.canonicalize())
            .map_err(|error| {
                Error::Failed(format!("cannot tell where this program is: {error}"))
            })?;
        let target = Self {
            system: System::current(),
            scope,
            home,
            program: without_verbatim(program),
            account: Account::default(),
            folders: Folders::of(environment),
        };
        Ok(Self {
            account: Account::of(&target, environment, runner),
            ..target
        })
    }

    /// True for the superuser, who has no session of their own.
    pub fn is_root(&self) -> bool {
        self.account.uid == Some(0)
    }

    /// The file with the settings.
    pub fn env_file(&self) -> PathBuf {
        self.home.join(".env")
    }

    /// Where logs are.
    pub fn logs(&self) -> PathBuf {
        self.home.join("logs")
    }

    /// The path as text, as every artefact needs it.
    pub fn text(path: &Path) -> Result<&str> {
        let text = path.to_str().ok_or_else(|| {
            Error::Config(format!(
                "{} is not Unicode text, so no service file can name it; choose another folder",
                path.display()
            ))
        })?;
        if text.chars().any(char::is_control) {
            return Err(Error::Config(format!(
                "{text:?} holds control characters, so no service file can name it; \
                 choose another folder"
            )));
        }
        Ok(text)
    }

    /// The command for a person to run, with what it takes to mean this installation.
    pub fn command(&self, verb: &str) -> String {
        match self.scope {
            Scope::User => format!("cleudocodebot {verb}"),
            Scope::Machine => format!("sudo cleudocodebot {verb} --system"),
        }
    }
}

impl Account {
    fn of(target: &InstallTarget, environment: &Environment, runner: &dyn Runner) -> Self {
        if target.system == System::Windows {
            let name = windows::rights::own_sid(&target.folders, runner).unwrap_or_default();
            return Self {
                name,
                ..Self::default()
            };
        }
        let told = |flag: &str| {
            let outcome = runner.run(&SystemCommand::looks("id", [flag]));
            outcome
                .succeeded()
                .then(|| outcome.text().trim().to_owned())
        };
        let inherited = || environment.get("USER").unwrap_or_default().to_owned();
        let sudo = environment.get("SUDO_USER").filter(|name| !name.is_empty());
        Self {
            name: told("-un").unwrap_or_else(inherited),
            uid: told("-u").and_then(|text| text.parse().ok()),
            through_sudo: sudo.filter(|name| *name != "root").map(str::to_owned),
        }
    }
}

impl Folders {
    fn of(environment: &Environment) -> Self {
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
            user,
        }
    }

    /// A command of Windows by its full path: the folder that this program stands in, which would be
    /// searched first, may be anybody's download folder.
    pub fn windows_command(&self, name: &str) -> String {
        format!("{}\\System32\\{name}", self.windows)
    }
}

/// `canonicalize` on Windows gives `\\?\C:\…`, which neither `cmd` nor the registry understand.
fn without_verbatim(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(rest) if !rest.starts_with("UNC\\") => PathBuf::from(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbatim_paths_become_plain_ones_unless_they_are_on_a_network() {
        for (path, plain) in [
            (r"\\?\C:\a b", r"C:\a b"),
            (r"\\?\UNC\server\share", r"\\?\UNC\server\share"),
            ("/a", "/a"),
        ] {
            assert_eq!(without_verbatim(path.into()), Path::new(plain));
        }
    }

    #[test]
    fn paths_that_no_service_file_can_name_are_refused() {
        assert_eq!(
            InstallTarget::text(Path::new("/ö &")).expect("fine"),
            "/ö &"
        );
        assert!(InstallTarget::text(Path::new("/a\nb")).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let bytes = std::ffi::OsStr::from_bytes(b"/\xff");
            assert!(InstallTarget::text(Path::new(bytes)).is_err());
        }
    }
}
