//! A server process that a bench started.

use std::{net::SocketAddr, process::Child};

use super::Target;

/// A running server, killed when dropped.
pub(crate) struct Server {
    pub target: Target,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Takes over a process that is ready at `address`.
    pub(crate) fn new(child: Child, name: &str, address: SocketAddr, token: &str) -> Self {
        let target = Target {
            name: name.to_owned(),
            address,
            token: token.to_owned(),
            pid: Some(child.id()),
            speaks_websocket: true,
            tls: None,
            keeps_messages: false,
        };
        Self { target, child }
    }
}
