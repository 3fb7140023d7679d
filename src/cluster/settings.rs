//! The settings of a cluster, typed. Anything wrong keeps the daemon from starting: a node that went on alone
//! with the credentials of a shared channel would be a second owner.

use std::path::{Path, PathBuf};

use crate::{
    config::{Lookup, keys::cluster},
    error::{Error, Result},
};

/// When `send` is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// After the own disk.
    Local,
    /// After the stream too, while the bus is there.
    Stream,
    /// After both, or not at all.
    Both,
}

impl Ack {
    /// As in `.env`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Stream => "stream",
            Self::Both => "both",
        }
    }
}

/// How a node joins its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The servers.
    pub servers: Vec<String>,
    /// The file of credentials.
    pub creds: Option<PathBuf>,
    /// The file of the certificate authority.
    pub ca: Option<PathBuf>,
    /// The name of the cluster.
    pub name: String,
    /// The name of this node.
    pub node: String,
    /// When `send` is answered; by the number of servers where none is set.
    pub ack: Option<Ack>,
}

impl ClusterSettings {
    /// The settings; `None` for a machine of its own.
    pub fn read(lookup: &Lookup, home: &Path) -> Result<Option<Self>> {
        let text = |key: &str| {
            lookup
                .text(key)
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let Some(url) = text(cluster::URL) else {
            return Ok(None);
        };
        let servers: Vec<String> = url.split(',').map(|one| one.trim().to_owned()).collect();
        // Not shown: it may hold a password.
        if !servers.iter().all(|one| is_server(one)) {
            let text = "has a server that is not nats://HOST:PORT or tls://HOST:PORT";
            return Err(Error::Config(format!("{} {text}", cluster::URL)));
        }
        let name = text("CLUSTER_NAME").unwrap_or("home").to_owned();
        let node = text("NODE_NAME").map_or_else(host_name, str::to_owned);
        for (key, value) in [("CLUSTER_NAME", &name), ("NODE_NAME", &node)] {
            if !is_name(value) {
                return Err(wrong_value(key, value, "1 to 32 letters, digits, - and _"));
            }
        }
        let ack = match text("CLUSTER_ACK") {
            None => None,
            Some("local") => Some(Ack::Local),
            Some("stream") => Some(Ack::Stream),
            Some("both") => Some(Ack::Both),
            Some(other) => return Err(wrong_value("CLUSTER_ACK", other, "local, stream or both")),
        };
        let file = |key: &str| text(key).map(|path| home.join(path));
        Ok(Some(Self {
            servers,
            creds: file("CLUSTER_CREDS"),
            ca: file("CLUSTER_CA"),
            name,
            node,
            ack,
        }))
    }
}

fn wrong_value(key: &str, value: &str, expected: &str) -> Error {
    Error::Config(format!("{key} is {value:?}, expected {expected}"))
}

fn is_server(text: &str) -> bool {
    let rest = text
        .strip_prefix("nats://")
        .or_else(|| text.strip_prefix("tls://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', ' ']))
}

/// What fits in a subject, a bucket's name and a key.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(fits)
}

/// The host's own name, as far as it fits.
fn host_name() -> String {
    let known = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let known = known.or_else(|| std::env::var("HOSTNAME").ok());
    let known = known.or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = known.unwrap_or_default();
    let name = name.trim().split('.').next().unwrap_or_default();
    name.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_names_are_what_a_subject_can_hold() {
        for fine in ["nats://127.0.0.1:4222", "tls://ana:secret@nats.example"] {
            assert!(is_server(fine), "{fine}");
        }
        for wrong in ["", "127.0.0.1:4222", "http://x", "nats://", "nats://a/b"] {
            assert!(!is_server(wrong), "{wrong}");
        }
        assert!(is_name("desk-2_a"));
        for wrong in ["", "a.b", "a b", "ã", &"x".repeat(33)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
