//! Where the keys are kept: in the store, or in a build whose store is in memory in a file of their own.

use std::{fmt, io, path::PathBuf};

use super::key::KeyId;
use crate::{error::Error, fs, store::Store};

/// The file of keys in the home folder, where the store is in memory.
const FILE: &str = "keys.json";

/// Where keys are kept.
pub enum KeyStorage {
    /// With the messages.
    Store(Store),
    /// In a file, a line a key. Only its owner may read it.
    File(PathBuf),
}

impl fmt::Debug for KeyStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(_) => f.write_str("Store"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

impl KeyStorage {
    /// Where this build keeps them.
    pub fn of_build(store: &Store, home: &std::path::Path) -> Self {
        if cfg!(feature = "store") {
            Self::Store(store.clone())
        } else {
            Self::File(home.join(FILE))
        }
    }

    /// The rows of all. Blocks.
    pub(super) fn load(&self) -> Result<Vec<Vec<u8>>, String> {
        match self {
            Self::Store(store) => store.access_keys().map_err(|error| error.to_string()),
            Self::File(path) => match std::fs::read(path) {
                Ok(text) => Ok(lines(&text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
        }
    }

    /// Keeps the row of one key, or forgets it: `all` are the rows of the others besides.
    pub(super) async fn put(
        &self,
        id: KeyId,
        row: Option<Vec<u8>>,
        all: Vec<Vec<u8>>,
    ) -> Result<(), String> {
        match self {
            Self::Store(store) => {
                let pending = store.put_access_key(id.0, row);
                let pending = pending.map_err(|error| error.to_string())?;
                pending.await.map_err(|error| error.to_string())
            }
            Self::File(path) => {
                let mut text = Vec::new();
                for row in all.iter().chain(&row) {
                    text.extend_from_slice(row);
                    text.push(b'\n');
                }
                let path = path.clone();
                let written = crate::panics::run_blocking(move || fs::write_atomic(&path, &text));
                match written.await {
                    Ok(done) => done.map_err(|error: Error| error.to_string()),
                    Err(_) => Err("the keys could not be written; the log says more".to_owned()),
                }
            }
        }
    }
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}
