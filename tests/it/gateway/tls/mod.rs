//! TLS on the gateway's own port, against a daemon with a certificate of a temporary authority.

mod bounds;
mod exchange;
mod files;
mod pages;
mod sessions;
mod versions;

use std::process::Command;

use crate::support::{Daemon, Scratch, certificates::Authority, daemon_command};

/// A daemon that speaks TLS as `localhost`, and who signed for it.
struct Served {
    daemon: Daemon,
    authority: Authority,
    home: Scratch,
}

/// The command of such a daemon.
fn command(home: &Scratch) -> Command {
    let mut command = daemon_command(&home.0);
    command
        .env("CLEUDOCODEBOT_TLS_CERT", "cert.pem")
        .env("CLEUDOCODEBOT_TLS_KEY", "cert.key");
    command
}

impl Served {
    /// `None`, with a message, where no certificate can be made.
    fn new() -> Option<Self> {
        Self::with(&[])
    }

    /// The same with settings, named without `CLEUDOCODEBOT_`.
    fn with(settings: &[(&str, &str)]) -> Option<Self> {
        let (authority, home) = (Authority::new()?, Scratch::new());
        authority.certify("first", "DNS:localhost,IP:127.0.0.1", 90);
        authority.install("first", &home);
        let mut command = command(&home);
        for (key, value) in settings {
            command.env(format!("CLEUDOCODEBOT_{key}"), value);
        }
        let daemon = Daemon::from_command(command, &home.0);
        Some(Self {
            daemon,
            authority,
            home,
        })
    }
}
