//! SIGTERM, SIGINT and Ctrl-C: the first begins the end, the second is the end.

use crate::{log::Log, shutdown::Trigger};

/// Exit code after a second signal.
const AT_ONCE: i32 = 1;

/// Waits for signals until the process ends.
pub(super) async fn obey(trigger: Trigger, log: Log) {
    let name = next_signal().await;
    log.info("daemon", "asked to stop", &[("signal", &name)]);
    trigger.begin(name);
    let name = next_signal().await;
    log.warn(
        "daemon",
        "asked again: stopping at once",
        &[("signal", &name)],
    );
    std::process::exit(AT_ONCE);
}

#[cfg(unix)]
async fn next_signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[cfg(not(unix))]
async fn next_signal() -> &'static str {
    match tokio::signal::ctrl_c().await {
        Ok(()) => "Ctrl-C",
        Err(_) => std::future::pending().await,
    }
}
