//! What both benches share: a server to load, closed loops of connections against it, and what they
//! cost it. Which servers are loaded and how figures are shown is each bench's own.
//!
//! Reading order: `scenario` → `exchange` → `connection` (with `frames`, `stream` and `tls`) → `measure`.

pub(crate) mod connection;
pub(crate) mod daemon;
pub(crate) mod exchange;
pub(crate) mod frames;
pub(crate) mod latency;
pub(crate) mod measure;
pub(crate) mod process;
pub(crate) mod scenario;
pub(crate) mod server;
pub(crate) mod stream;
pub(crate) mod tls;

use std::net::SocketAddr;

/// What bench code fails with: a text that says what and where.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A server to load.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Shown in the table.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Sent as `Authorization: Bearer`.
    pub token: String,
    /// Its process, where that is on this machine.
    pub pid: Option<u32>,
    /// False for a server that echoes bytes and knows no handshake.
    pub speaks_websocket: bool,
    /// How connections to it are opened inside TLS, where it speaks that.
    pub tls: Option<tls::Connector>,
    /// Whether it keeps messages: only then `send` means something.
    pub keeps_messages: bool,
}
