//! What a start does about an update whose command was killed.
//!
//! Not here: putting programs in place and back (`service::update`).

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    log::Log,
    panics::run_blocking,
    service::update::{self, Settled},
};

/// How long a new program that nobody watches has to run before it is kept.
const CONFIRMED_AFTER: Duration = update::WATCH;

/// Sees to an update that was left behind; whether this is its new program, which nobody watches. Fails where the
/// old program was put back and has to be started.
pub(in crate::daemon) fn settle(home: &Path, log: &Log) -> Result<bool> {
    match update::settle(home)? {
        Settled::Nothing => Ok(false),
        Settled::Unwatched => {
            let seconds = CONFIRMED_AFTER.as_secs();
            log.warn("update", "the command that put this version in place was killed; it is kept if it runs for a while", &[("seconds", &seconds)]);
            Ok(true)
        }
        Settled::PutBack => {
            log.error("update", "the new version did not last and nobody watched it: the one before is in its place again", &[]);
            Err(Error::Restart)
        }
    }
}

/// Keeps this program once it has run for a while.
pub(in crate::daemon) async fn confirm(home: PathBuf, log: Log) {
    tokio::time::sleep(CONFIRMED_AFTER).await;
    match run_blocking(move || update::confirm(&home)).await {
        Ok(Ok(())) => log.info("update", "this version is kept", &[]),
        Ok(Err(error)) => log.warn("update", &error.to_string(), &[]),
        Err(_) => {}
    }
}
