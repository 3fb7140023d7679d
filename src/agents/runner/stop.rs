//! What ends an agent: SIGTERM, Ctrl-C and, where a supervisor holds its standard input, the end of that.

use std::io::{self, Read as _};

use tokio::sync::oneshot;

/// Whether the end of standard input ends the agent, as where the daemon started it: it must not outlive the
/// daemon, however that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdinEnd {
    /// It does.
    Ends,
    /// Standard input is not looked at.
    Ignored,
}

/// Waits until something tells us to end, and says what.
pub async fn until_told(stdin: StdinEnd) -> &'static str {
    tokio::select! {
        name = signalled() => name,
        () = stdin_ended(stdin) => "the end of standard input",
    }
}

/// A thread of its own reads: the runtime's would keep the process from ending.
async fn stdin_ended(stdin: StdinEnd) {
    let (ended, heard) = oneshot::channel();
    if stdin == StdinEnd::Ends {
        let read_on = move || {
            let mut input = io::stdin().lock();
            while matches!(input.read(&mut [0; 64]), Ok(1..)) {}
            let _ = ended.send(());
        };
        let thread = std::thread::Builder::new().name("stdin".to_owned());
        if thread.stack_size(64 * 1024).spawn(read_on).is_ok() {
            let _ = heard.await;
            return;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(unix)]
async fn signalled() -> &'static str {
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
async fn signalled() -> &'static str {
    match tokio::signal::ctrl_c().await {
        Ok(()) => "Ctrl-C",
        Err(_) => std::future::pending().await,
    }
}
