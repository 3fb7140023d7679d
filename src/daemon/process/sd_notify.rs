//! Tells systemd that we are ready, alive or stopping: `sd_notify(3)` by hand.
//!
//! One datagram per message to the socket named by `$NOTIFY_SOCKET`, a path or (with `@`) an abstract
//! name. Without the variable, and on other systems, nothing is sent.

#[cfg(target_os = "linux")]
use std::os::{
    linux::net::SocketAddrExt as _,
    unix::net::{SocketAddr, UnixDatagram},
};
use std::time::Duration;

use crate::config::Environment;

/// The notification socket, if the service manager gave us one.
#[derive(Debug, Default)]
pub(in crate::daemon) struct SdNotify {
    #[cfg(target_os = "linux")]
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl SdNotify {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    pub(in crate::daemon) fn from_environment(environment: &Environment) -> Self {
        let of_us = |pid: &str| pid == std::process::id().to_string();
        let watchdog = environment
            .get("WATCHDOG_USEC")
            .filter(|_| environment.get("WATCHDOG_PID").is_none_or(of_us))
            .and_then(|micros| micros.parse().ok())
            .filter(|micros| *micros > 0)
            .map(Duration::from_micros);
        Self {
            #[cfg(target_os = "linux")]
            socket: environment.get("NOTIFY_SOCKET").and_then(open),
            watchdog,
        }
    }

    /// How often to send keep-alives: half of systemd's timeout, as `sd_watchdog_enabled(3)` advises.
    pub(in crate::daemon) fn watchdog_period(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    /// Start-up is finished; `status` shows in `systemctl status`.
    pub(in crate::daemon) fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={status}"));
    }

    /// The store and the router make progress.
    pub(in crate::daemon) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// Shutdown has begun.
    pub(in crate::daemon) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Errors are ignored: a notification that nobody receives changes nothing for us.
    #[cfg(target_os = "linux")]
    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(message.as_bytes(), address);
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "the same call on every system")]
    fn send(&self, _message: &str) {}
}

#[cfg(target_os = "linux")]
fn open(name: &str) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name).ok()?,
        None => SocketAddr::from_pathname(name).ok()?,
    };
    Some((UnixDatagram::unbound().ok()?, address))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::random;

    fn hears(listener: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = listener.recv(&mut buffer).expect("a datagram");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn both_kinds_of_socket_are_notified() {
        let name = format!("cleudocodebot-{}", random::token());
        let path = std::env::temp_dir().join(&name[..40]);
        let abstract_address = SocketAddr::from_abstract_name(&name).expect("a name");
        for (listener, named) in [
            (
                UnixDatagram::bind_addr(&abstract_address).expect("bound"),
                format!("@{name}"),
            ),
            (
                UnixDatagram::bind(&path).expect("bound"),
                path.display().to_string(),
            ),
        ] {
            let pairs = [
                ("NOTIFY_SOCKET", named.as_str()),
                ("WATCHDOG_USEC", "60000000"),
            ];
            let sd_notify = SdNotify::from_environment(&Environment::from_pairs(pairs));
            sd_notify.ready("listening");
            assert_eq!(hears(&listener), "READY=1\nSTATUS=listening");
            sd_notify.alive();
            assert_eq!(hears(&listener), "WATCHDOG=1");
            assert_eq!(sd_notify.watchdog_period(), Some(Duration::from_secs(30)));
        }
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_watchdog_meant_for_another_process_is_not_ours() {
        let pairs = [("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
        assert_eq!(
            SdNotify::from_environment(&Environment::from_pairs(pairs)).watchdog_period(),
            None
        );
    }
}
