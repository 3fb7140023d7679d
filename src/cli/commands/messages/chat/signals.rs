//! What ends a conversation from outside, or changes its window.

/// Something that happened to the process.
pub(super) enum Sign {
    /// It is to end.
    End,
    /// The window has another size.
    #[cfg_attr(not(unix), allow(dead_code, reason = "only Unix tells"))]
    Resized,
}

#[cfg(unix)]
pub(super) struct Signs {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    hang_up: Option<tokio::signal::unix::Signal>,
    window: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signs {
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // All from now on: one that comes while nobody waits for it is heard next.
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
            hang_up: signal(SignalKind::hangup()).ok(),
            window: signal(SignalKind::window_change()).ok(),
        }
    }

    /// The next sign. Cancel-safe.
    pub(super) async fn next(&mut self) -> Sign {
        tokio::select! {
            () = heard(&mut self.interrupt) => Sign::End,
            () = heard(&mut self.terminate) => Sign::End,
            () = heard(&mut self.hang_up) => Sign::End,
            () = heard(&mut self.window) => Sign::Resized,
        }
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
pub(super) struct Signs;

#[cfg(not(unix))]
impl Signs {
    pub(super) fn listen() -> Self {
        Self
    }

    /// The next sign. Cancel-safe.
    pub(super) async fn next(&mut self) -> Sign {
        let _ = tokio::signal::ctrl_c().await;
        Sign::End
    }
}
