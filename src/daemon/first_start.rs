//! Settings and token at start-up. The first start generates the token.

use std::{io::IsTerminal as _, net::SocketAddr};

use super::DaemonOptions;
use crate::{
    client::page_link,
    config::{self, Config, Loaded, dotenv},
    error::Result,
    fs, random,
    service::system::runtime_file::RuntimeFile,
    store,
};

/// Loads the settings and creates the home folder, or clears it of what killed processes left.
pub(super) fn settings(options: &DaemonOptions) -> Result<Loaded> {
    let loaded = config::load(&options.overrides, &options.environment)?;
    fs::create_private_dir(&loaded.config.home)?;
    // `.env` may have been under way, with a token that was changed since.
    fs::remove_temporary_files(&loaded.config.home, None, fs::is_old);
    Ok(loaded)
}

/// Settings that have a token. Without one, generates it, writes it to `.env` and loads again; the
/// second value says whether that happened.
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

/// A warning where a home folder that was used before has no messages any more. They may have been moved
/// away on purpose, so it is no error; but an empty start is never a silent one.
pub(super) fn missing_store(config: &Config) -> Option<String> {
    let file = config.home.join(store::FILE);
    let was_used = RuntimeFile::read(&config.home).is_some();
    let is_missing = cfg!(feature = "store") && file.symlink_metadata().is_err();
    (was_used && is_missing).then(|| {
        format!(
            "{} is gone although this home folder was used before; a new one is made, without messages",
            file.display()
        )
    })
}

/// Prints the link to the `WebChat` page. It contains the token, so it is printed to a terminal only,
/// never to a log or a pipe.
pub(super) fn show_link(config: &Config, address: SocketAddr) {
    use std::io::Write as _;
    let mut stdout = std::io::stdout();
    if let Some(token) = config.token.as_deref().filter(|_| stdout.is_terminal()) {
        let link = page_link(&config.authority(address.port()), Some(token));
        let _ = writeln!(stdout, "WebChat: {link}");
    }
}
