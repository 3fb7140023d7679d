//! What every command gets: the shared options, the environment, the streams.

use std::io::Read;

use super::{common_options::CommonOptions, output::Terminal};
use crate::{
    config::{self, Config, Environment, Loaded, Overrides, Places},
    error::{Error, Result},
};

/// Longest text read from standard input, in bytes: more than any gateway takes.
const MAX_INPUT: u64 = 64 << 20;

/// The surroundings of one command.
pub(crate) struct Context<'a> {
    /// The options of all commands.
    pub common: &'a CommonOptions,
    /// The process environment.
    pub environment: &'a Environment,
    /// Where to write.
    pub terminal: Terminal,
    /// Standard input, until a command takes it.
    pub input: Option<Box<dyn Read + Send>>,
}

impl Context<'_> {
    /// The settings for a client, and warnings about them. Without `--host`, which for a client is
    /// no address to listen on.
    pub(crate) fn client_settings(&self) -> Result<Loaded> {
        config::load(&self.common.overrides, self.environment)
    }

    /// The same without the warnings.
    pub(crate) fn client_config(&self) -> Result<Config> {
        Ok(self.client_settings()?.config)
    }

    /// The home folder and its `.env`, even where the settings are broken.
    pub(crate) fn places(&self) -> Result<Places> {
        config::places(&self.common.overrides, self.environment)
    }

    /// Everything the command line sets.
    pub(crate) fn overrides(&self) -> Overrides {
        self.common.overrides()
    }

    /// Takes standard input.
    pub(crate) fn take_input(&mut self) -> Box<dyn Read + Send> {
        self.input
            .take()
            .unwrap_or_else(|| Box::new(std::io::empty()))
    }

    /// Reads standard input to its end, without the last line break, which `echo` adds.
    pub(crate) fn read_input(&mut self) -> Result<String> {
        let mut text = String::new();
        let read = self.take_input().take(MAX_INPUT).read_to_string(&mut text);
        read.map_err(|error| Error::Failed(format!("cannot read standard input: {error}")))?;
        let ends = text.strip_suffix('\n').map(str::len);
        if let Some(length) = ends {
            text.truncate(length);
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }
}
