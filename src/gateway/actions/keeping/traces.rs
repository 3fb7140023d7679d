//! What else in the home folder may have somebody's words: what agents remember, and copies of a damaged message file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    agents::memory,
    fs::remove_if_there,
    message::session_stem,
    panics::run_blocking,
    protocol::error_code::{ErrorCode, Fault},
    store,
};

/// What the folders are called that a restored backup leaves of what was there before.
#[cfg(feature = "store")]
use crate::backup::ASIDE;
#[cfg(not(feature = "store"))]
const ASIDE: &str = "before-restore-";

/// Files that go as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Traces {
    /// What agents remember of the conversations.
    pub(super) agent_files: Vec<PathBuf>,
    /// Copies of a message file that was damaged, what was left of saving one, and what was moved aside for a backup.
    pub(super) damaged: Vec<PathBuf>,
}

impl Traces {
    /// Looks for them. Blocks.
    pub(super) fn find(
        home: &Path,
        channel: &str,
        peers: impl Iterator<Item = String>,
    ) -> Result<Self, Fault> {
        let stems: Vec<String> = peers.map(|peer| session_stem(channel, &peer)).collect();
        let agent_files = memory::files_of(home, &stems);
        Ok(Self {
            agent_files: agent_files.map_err(|error| Fault::internal(error.to_string()))?,
            damaged: damaged_copies(home),
        })
    }

    /// Removes them. Blocks.
    pub(super) fn remove(&self) -> Result<(), Fault> {
        for path in self.agent_files.iter().chain(&self.damaged) {
            let removed = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                remove_if_there(path)
            };
            removed.map_err(|error| Fault::internal(format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }
}

fn damaged_copies(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home).into_iter().flatten().flatten();
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let behind = name.strip_prefix(store::FILE).unwrap_or_default();
        behind.starts_with(".damaged") || behind.starts_with(".salvaged") || name.starts_with(ASIDE)
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_copy).collect();
    found.sort();
    found
}

/// Does what waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let done = run_blocking(work).await;
    done.map_err(|why| Fault::new(ErrorCode::Internal, why))
}
