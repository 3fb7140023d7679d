//! The runtime file that a daemon writes into its home folder, and the lock that says whether that daemon
//! is still running.

use std::{net::SocketAddr, path::Path};

use serde_json::{Value, json};

use crate::{
    config::reached_at,
    error::Result,
    fs::{self, Lock},
};

/// What a daemon writes about itself when it begins to listen. The file remains after the daemon has
/// ended, so it is only valid while the home is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeFile {
    /// Its process id.
    pub pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its version.
    pub version: String,
    /// When it began to listen, ms since 1970.
    pub since_ms: u64,
}

impl RuntimeFile {
    /// Reads the file in a home folder; `None` where there is none or it is incomplete.
    pub fn read(home: &Path) -> Option<Self> {
        let file = home.join(FILE);
        fs::expect_no_pipe(&file).ok()?;
        let text = std::fs::read_to_string(file).ok()?;
        let fields: Value = serde_json::from_str(&text).ok()?;
        Some(Self {
            pid: u32::try_from(fields["pid"].as_u64()?).ok()?,
            address: fields["address"].as_str()?.parse().ok()?,
            version: fields["version"].as_str()?.to_owned(),
            since_ms: fields["since_ms"].as_u64()?,
        })
    }

    /// Writes the file into a home folder.
    pub fn write(&self, home: &Path) -> Result<()> {
        let fields = json!({"pid": self.pid, "address": self.address.to_string(),
            "since_ms": self.since_ms, "version": self.version});
        fs::write_atomic(&home.join(FILE), format!("{fields}\n").as_bytes())
    }

    /// Host and port to connect to: an unspecified address is reached through loopback.
    pub fn endpoint(&self) -> (String, u16) {
        let host = reached_at(self.address.ip());
        (host.to_string(), self.address.port())
    }
}

/// The file's name.
pub const FILE: &str = "daemon.json";

/// The lock's name.
pub const LOCK: &str = "daemon.lock";

/// Whether a daemon holds the home folder. The system releases the lock when the process ends, so it
/// cannot be stale.
pub fn is_held(home: &Path) -> Result<bool> {
    let lock = home.join(LOCK);
    if !lock.exists() {
        return Ok(false);
    }
    Ok(Lock::try_take(&lock)?.is_none())
}
