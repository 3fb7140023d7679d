//! The note that a daemon leaves in its home folder, and the lock that tells whether it still holds.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use serde_json::{Value, json};

use crate::{
    error::Result,
    fs::{self, Lock},
};

/// What the daemon wrote about itself when it began to listen. It outlives the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeFile {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its version.
    pub version: String,
    /// Since when, ms since 1970.
    pub since_ms: u64,
}

impl RuntimeFile {
    /// The note in a home folder, where there is a whole one.
    pub fn read(home: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(home.join(FILE)).ok()?;
        let note: Value = serde_json::from_str(&text).ok()?;
        Some(Self {
            pid: u32::try_from(note["pid"].as_u64()?).ok()?,
            address: note["address"].as_str()?.parse().ok()?,
            version: note["version"].as_str()?.to_owned(),
            since_ms: note["since_ms"].as_u64()?,
        })
    }

    /// Leaves the note in a home folder.
    pub fn write(&self, home: &Path) -> Result<()> {
        let note = json!({"pid": self.pid, "address": self.address.to_string(),
            "since_ms": self.since_ms, "version": self.version});
        fs::write_atomic(&home.join(FILE), format!("{note}\n").as_bytes())
    }

    /// Where to reach it: an address that means all interfaces is reached through loopback.
    pub fn endpoint(&self) -> (String, u16) {
        let host = match self.address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            other => other,
        };
        (host.to_string(), self.address.port())
    }
}

/// The note's name.
pub const FILE: &str = "daemon.json";

/// The lock's name.
pub const LOCK: &str = "daemon.lock";

/// Whether a daemon has the home folder: the lock dies with its process, so it cannot be stale.
pub fn is_held(home: &Path) -> Result<bool> {
    let lock = home.join(LOCK);
    if !lock.exists() {
        return Ok(false);
    }
    Ok(Lock::try_take(&lock)?.is_none())
}
