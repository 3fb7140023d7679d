//! The values of the options that every command takes, and the settings that follow from them.
//!
//! Not here: how they are written on the command line (`parser::common`).

use std::path::PathBuf;

use crate::config::{Overrides, keys};

/// The options of all commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CommonOptions {
    /// The folder, the file and the settings of this run, without the host.
    pub overrides: Overrides,
    /// Where to find the gateway. For the daemon it is the address to listen on; a client may also
    /// name another machine, which would be no valid setting, so it is kept apart.
    pub host: Option<String>,
    /// Colours are forbidden.
    pub no_color: bool,
    /// Times are shown in UTC.
    pub utc: bool,
}

impl CommonOptions {
    /// Everything set for this run, the host included, for the daemon and for explaining settings.
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.overrides.clone();
        if let Some(host) = &self.host {
            overrides
                .settings
                .push((keys::HOST.to_owned(), host.clone()));
        }
        overrides
    }

    /// Sets the home folder of this run.
    pub(crate) fn set_home(&mut self, home: PathBuf) {
        self.overrides.home = Some(home);
    }

    /// Sets the `.env` of this run.
    pub(crate) fn set_env_file(&mut self, file: PathBuf) {
        self.overrides.env_file = Some(file);
    }

    /// Overrules one setting.
    pub(crate) fn set(&mut self, key: &str, value: String) {
        self.overrides.settings.push((key.to_owned(), value));
    }
}
