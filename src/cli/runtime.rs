//! The runtime of commands that talk to the gateway. The daemon has its own.

use std::future::Future;

use tokio::runtime;

use crate::error::{Error, Result};

/// Waits for the work of one command. One thread is enough for one connection, and starts fastest.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(format!("cannot start the runtime: {error}")))?
        .block_on(work)
}
