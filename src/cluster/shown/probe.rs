//! Which servers of the bus answer, and why the others do not: asked one by one, by a program that joins nothing.

use std::time::Duration;

use async_nats::{
    Client, ConnectErrorKind,
    jetstream::{self, context::AccountErrorKind},
};
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::{
    cluster::{
        bus::{ANSWER_TIMEOUT, connect_options},
        settings::ClusterSettings,
    },
    error::Error,
};

/// The earliest servers whose buckets have what is needed of them, as `(major, minor)`.
const OLDEST: (u32, u32) = (2, 11);

/// The longest that one server may take for all of it.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// What came of asking one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedServer {
    /// Its address, without what may be a password.
    pub address: String,
    /// Its version, or what is wrong.
    pub found: Result<String, ServerTrouble>,
}

/// Why a server is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerTrouble {
    /// Its name leads nowhere.
    Unknown,
    /// Nothing listens, or it cannot be reached.
    Unreachable(String),
    /// It does not answer in time.
    Silent,
    /// TLS fails.
    Tls(String),
    /// It does not let this machine in.
    Credentials,
    /// It has no `JetStream` for this account.
    NoStreams,
    /// It is too old; its version.
    Old(String),
}

/// Asks every server of the settings.
pub async fn probe(settings: &ClusterSettings) -> Result<Vec<ProbedServer>, Error> {
    // Once before all, for mistakes in the files that it names.
    connect_options(settings).await?;
    let asked = settings.servers.iter().map(|server| async move {
        let found = timeout(PROBE_TIMEOUT, ask(settings, server)).await;
        ProbedServer {
            address: address_of(server).to_owned(),
            found: found.unwrap_or(Err(ServerTrouble::Silent)),
        }
    });
    Ok(join_all(asked).await)
}

async fn ask(settings: &ClusterSettings, server: &str) -> Result<String, ServerTrouble> {
    let options = connect_options(settings).await;
    let options = options.map_err(|error| ServerTrouble::Unreachable(error.to_string()))?;
    let connected = options.ignore_discovered_servers().connect(server).await;
    let client = connected.map_err(|error| ailment(error.kind(), &reason(&error)))?;
    let version = client.server_info().version;
    if !is_new_enough(&version) {
        return Err(ServerTrouble::Old(version));
    }
    has_streams(&client).await?;
    Ok(version)
}

async fn has_streams(client: &Client) -> Result<(), ServerTrouble> {
    let context = jetstream::ContextBuilder::new()
        .timeout(ANSWER_TIMEOUT)
        .build(client.clone());
    match context.query_account().await {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.kind() {
            AccountErrorKind::TimedOut => ServerTrouble::Silent,
            _ => ServerTrouble::NoStreams,
        }),
    }
}

/// What an attempt to connect says.
fn ailment(kind: ConnectErrorKind, why: &str) -> ServerTrouble {
    match kind {
        ConnectErrorKind::Dns | ConnectErrorKind::ServerParse => ServerTrouble::Unknown,
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            ServerTrouble::Credentials
        }
        ConnectErrorKind::TimedOut => ServerTrouble::Silent,
        ConnectErrorKind::Tls => ServerTrouble::Tls(why.to_owned()),
        // A failed handshake comes as an error of reading.
        ConnectErrorKind::Io if is_of_tls(why) => ServerTrouble::Tls(why.to_owned()),
        ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {
            ServerTrouble::Unreachable(why.to_owned())
        }
    }
}

fn is_of_tls(why: &str) -> bool {
    ["certificate", "tls", "handshake", "corrupt message"]
        .iter()
        .any(|word| why.to_ascii_lowercase().contains(word))
}

/// The innermost reason, which says most.
fn reason(error: &async_nats::ConnectError) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// `HOST:PORT`, without the user and the password before it.
fn address_of(server: &str) -> &str {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, address)| address)
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.');
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok());
    match (next(), next()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST,
        // A server of one's own making has its own numbers.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, fine) in [
            ("2.15.0", true),
            ("2.11.0-beta", true),
            ("2.9.25", false),
            ("2.10.1", false),
            ("3.0.0", true),
            ("0.8.0", false),
            ("dev", true),
        ] {
            assert_eq!(is_new_enough(version), fine, "{version}");
        }
    }

    #[test]
    fn an_address_is_shown_without_a_password() {
        for (server, shown) in [
            ("nats://ana:secret@bus.example:4222", "bus.example:4222"),
            ("tls://bus.example", "bus.example"),
            ("nats://a@b@c:1", "c:1"),
        ] {
            assert_eq!(address_of(server), shown);
        }
    }

    #[test]
    fn every_way_of_not_connecting_has_its_name() {
        use ConnectErrorKind as Failed;
        for (kind, why, found) in [
            (Failed::Dns, "", ServerTrouble::Unknown),
            (Failed::TimedOut, "", ServerTrouble::Silent),
            (
                Failed::AuthorizationViolation,
                "",
                ServerTrouble::Credentials,
            ),
            (Failed::Authentication, "", ServerTrouble::Credentials),
            (Failed::Tls, "x", ServerTrouble::Tls("x".into())),
            (
                Failed::Io,
                "invalid peer certificate: UnknownIssuer",
                ServerTrouble::Tls("invalid peer certificate: UnknownIssuer".into()),
            ),
            (
                Failed::Io,
                "Connection refused (os error 111)",
                ServerTrouble::Unreachable("Connection refused (os error 111)".into()),
            ),
        ] {
            assert_eq!(ailment(kind, why), found, "{why}");
        }
    }
}
