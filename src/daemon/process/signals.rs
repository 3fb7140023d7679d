//! SIGTERM, SIGINT and Ctrl-C: the first begins a graceful shutdown, the second exits at once.

use crate::{log::Log, shutdown::Trigger};

/// Exit code after a second signal.
const SECOND_SIGNAL_EXIT: i32 = 1;

/// Waits for signals until the process ends.
pub(in crate::daemon) async fn handle(trigger: Trigger, log: Log) {
    let Some(mut signals) = Signals::listen() else {
        log.warn("daemon", "cannot listen for signals", &[]);
        return;
    };
    let name = signals.next().await;
    log.info("daemon", "stopping on signal", &[("signal", &name)]);
    trigger.begin(name);
    let name = signals.next().await;
    log.warn(
        "daemon",
        "second signal: exiting at once",
        &[("signal", &name)],
    );
    std::process::exit(SECOND_SIGNAL_EXIT);
}

/// The streams are kept between two waits, so that a signal in between is not lost.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate()).ok()?;
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        Some(Self {
            terminate,
            interrupt,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> Option<Self> {
        tokio::signal::windows::ctrl_c().ok().map(Self)
    }

    async fn next(&mut self) -> &'static str {
        self.0.recv().await;
        "Ctrl-C"
    }
}
