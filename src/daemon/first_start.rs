//! A start needs settings and a token; where there is no token yet, it is made here.

use std::{io::IsTerminal as _, net::SocketAddr};

use super::DaemonOptions;
use crate::{
    client::page_link,
    config::{self, Config, Loaded, dotenv},
    error::Result,
    fs, random,
};

/// The settings and what is odd about them. The home folder exists afterwards.
pub(super) fn settings(options: &DaemonOptions) -> Result<Loaded> {
    let loaded = config::load(&options.overrides, &options.environment)?;
    fs::create_private_dir(&loaded.config.home)?;
    Ok(loaded)
}

/// Settings with a token: read again after one was written to `.env`, if there was none. True where
/// one was written.
pub(super) fn ensure_token(options: &DaemonOptions, loaded: Loaded) -> Result<(Loaded, bool)> {
    let config = &loaded.config;
    if config.token.is_some() {
        return Ok((loaded, false));
    }
    if config.env_file.exists() {
        dotenv::edit_file(&config.env_file, |document| {
            document.set("CLEUDOCODEBOT_TOKEN", &random::token())
        })?;
    } else {
        config::create_env_file(&config.env_file)?;
    }
    let again = config::load(&options.overrides, &options.environment)?;
    Ok((again, true))
}

/// Shows a person at the terminal the link to the `WebChat` page. It holds the token, so it goes to
/// the terminal only, never to a log or a pipe.
pub(super) fn show_link(config: &Config, address: SocketAddr) {
    use std::io::Write as _;
    let mut stdout = std::io::stdout();
    if let Some(token) = config.token.as_deref().filter(|_| stdout.is_terminal()) {
        let link = page_link(&config.authority(address.port()), Some(token));
        let _ = writeln!(stdout, "WebChat: {link}");
    }
}
