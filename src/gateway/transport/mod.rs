//! What carries the bytes of a connection: TCP as it is, or TLS over it where a certificate is set. Whoever reads
//! and writes them, HTTP or a session, knows no difference.
//!
//! # Who speaks what
//!
//! The first byte of a connection tells: 22 begins a TLS handshake (RFC 8446 §5.1), and no request of HTTP. So one
//! port serves both, and where a certificate is set
//! - those on this machine may speak either: the command line, agents, health checks and proxies such as `tailscale
//!   serve` keep working without a setting, and what they say never leaves the machine;
//! - all others must speak TLS: HTTP without it is answered with a redirect and nothing else.
//!
//! Not here: what is in the files of the certificate (`certificate`), and the redirect itself (`http`).

mod stream;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
mod without_tls;

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::Gateway;

pub(in crate::gateway) use self::stream::Stream;
#[cfg(feature = "tls")]
pub use self::tls::ServerTls;
#[cfg(not(feature = "tls"))]
pub use self::without_tls::ServerTls;

/// How a connection is protected. One that has no such mark is plain, and may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Protection {
    /// It speaks TLS.
    Tls,
    /// It speaks plain HTTP, from another machine, to a port that speaks TLS: it is sent there.
    Missing,
}

impl Gateway {
    /// The connection inside TLS, once its handshake is done; `None` where that failed.
    pub(in crate::gateway) async fn accept_tls(&self, stream: TcpStream) -> Option<Stream> {
        self.tls.accept(stream, &self.log).await
    }
}

/// The type of record that a TLS handshake begins with (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// Whether a connection begins with a TLS handshake.
pub(in crate::gateway) fn is_tls(first: u8) -> bool {
    first == HANDSHAKE
}

/// Whether the peer is on this machine: what it says passes no network. That is so on loopback, and where a
/// socket is bound to one address of the machine and reached from there.
pub(in crate::gateway) fn is_local(stream: &TcpStream, peer: SocketAddr) -> bool {
    let peer = peer.ip().to_canonical();
    let own = || stream.local_addr().map(|own| own.ip().to_canonical());
    peer.is_loopback() || own().is_ok_and(|own| own == peer)
}
