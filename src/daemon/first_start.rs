//! A start needs settings and a token; where there is no token yet, it is made here.

use std::{io::IsTerminal as _, net::SocketAddr};

use super::Options;
use crate::{
    config::{self, Config, dotenv},
    error::Result,
    fs, random,
};

/// The settings and what is odd about them. The home folder exists afterwards.
pub(super) fn settings(options: &Options) -> Result<(Config, Vec<String>)> {
    let loaded = config::load(&options.overrides, &options.environment)?;
    fs::create_private_dir(&loaded.config.home)?;
    Ok((loaded.config, loaded.warnings))
}

/// Settings with a token: read again after one was written to `.env`, if there was none. True where
/// one was written.
pub(super) fn ensure_token(options: &Options, config: Config) -> Result<(Config, bool)> {
    if config.token.is_some() {
        return Ok((config, false));
    }
    if config.env_file.exists() {
        dotenv::edit_file(&config.env_file, |document| {
            document.set("CLEUDOCODEBOT_TOKEN", &random::token())
        })?;
    } else {
        config::create_env_file(&config.env_file)?;
    }
    Ok((
        config::load(&options.overrides, &options.environment)?.config,
        true,
    ))
}

/// Shows a person at the terminal the link to the `WebChat` page. It holds the token, so it goes to
/// the terminal only, never to a log or a pipe.
pub(super) fn show_link(config: &Config, address: SocketAddr) {
    use std::io::Write as _;
    let mut stdout = std::io::stdout();
    if let Some(token) = config.token.as_deref().filter(|_| stdout.is_terminal()) {
        let (host, _) = config.endpoint();
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        let _ = writeln!(
            stdout,
            "WebChat: http://{host}:{}/#token={token}",
            address.port()
        );
    }
}
