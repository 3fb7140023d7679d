//! SIGTERM, SIGINT and Ctrl-C: the first begins the end, the second is the end.

use crate::{log::Log, shutdown::Trigger};

/// Exit code after a second signal.
const AT_ONCE: i32 = 1;

/// Waits for signals until the process ends.
pub(in crate::daemon) async fn obey(trigger: Trigger, log: Log) {
    let Some(mut signals) = Signals::listen() else {
        log.warn("daemon", "signals cannot be heard", &[]);
        return;
    };
    let name = signals.next().await;
    log.info("daemon", "asked to stop", &[("signal", &name)]);
    trigger.begin(name);
    let name = signals.next().await;
    log.warn(
        "daemon",
        "asked again: stopping at once",
        &[("signal", &name)],
    );
    std::process::exit(AT_ONCE);
}

/// The streams live as long as we listen, so that no signal falls between two waits.
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
