//! What is installed, for whom and where: the facts that every procedure and every launcher needs,
//! gathered once.
//!
//! Not here: the state of the installation (`state`), the settings (`config`).

use std::path::{Path, PathBuf};

use super::system::{
    account::Account,
    command::CommandRunner,
    platform::{Folders, System},
    probe::{DaemonIdentity, GatewayAnswer},
};
use crate::{
    config::Environment,
    error::{Error, Result},
};

/// Whose daemon it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The daemon of the user who installs it.
    #[default]
    User,
    /// The daemon of the machine: an account of its own, started at boot. Linux with systemd only.
    Machine,
}

/// The home folder of a daemon of the machine.
pub const MACHINE_HOME: &str = "/var/lib/cleudocodebot";

/// What is installed, for whom and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallTarget {
    /// The operating system, which decides about launchers and commands.
    pub system: System,
    /// Whose daemon it is.
    pub scope: Scope,
    /// The home folder of the daemon.
    pub home: PathBuf,
    /// The running program, which is to be installed.
    pub program: PathBuf,
    /// Who installs.
    pub account: Account,
    /// The folders of the system and of the user.
    pub folders: Folders,
}

impl InstallTarget {
    /// Gathers the facts. Fails where the path of this program is unknown.
    pub fn survey(
        scope: Scope,
        home: PathBuf,
        environment: &Environment,
        runner: &dyn CommandRunner,
    ) -> Result<Self> {
        let program = std::env::current_exe()
            .and_then(|path| path.canonicalize())
            .map_err(|error| {
                Error::Failed(format!("cannot tell where this program is: {error}"))
            })?;
        let system = System::current();
        let folders = Folders::of(environment);
        Ok(Self {
            system,
            scope,
            home,
            program: without_verbatim(program),
            account: Account::of(system, &folders, environment, runner),
            folders,
        })
    }

    /// Whether the superuser installs, who has no desktop session.
    pub fn is_root(&self) -> bool {
        self.account.uid == Some(0)
    }

    /// The settings file.
    pub fn env_file(&self) -> PathBuf {
        self.home.join(".env")
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.home.join("logs")
    }

    /// Whether a home folder, as a gateway reports it, is the one of this installation.
    pub fn is_home(&self, reported: &str) -> bool {
        let home = self.home.display().to_string();
        let same_text = if cfg!(windows) {
            home.eq_ignore_ascii_case(reported)
        } else {
            home == reported
        };
        // The same folder may be reached through a link.
        let real = |path: &Path| path.canonicalize().ok();
        same_text || real(&self.home).is_some_and(|path| Some(path) == real(Path::new(reported)))
    }

    /// The daemon of this home folder, if that is what answered.
    pub fn own_daemon<'a>(&self, answer: &'a GatewayAnswer) -> Option<&'a DaemonIdentity> {
        match answer {
            GatewayAnswer::Ours(identity) if self.is_home(&identity.home) => Some(identity),
            _ => None,
        }
    }

    /// The path as text for an artefact. Fails where it is not Unicode or has control characters.
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

    /// A command line for the user to run, with the options that select this installation.
    pub fn command(&self, verb: &str) -> String {
        match self.scope {
            Scope::User => format!("cleudocodebot {verb}"),
            Scope::Machine => format!("sudo cleudocodebot {verb} --system"),
        }
    }
}

/// On Windows `canonicalize` returns `\\?\C:\…`, which neither `cmd` nor the registry understand.
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
