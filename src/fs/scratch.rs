//! A temporary folder for tests that touch files; removed on drop.

use std::path::{Path, PathBuf};

use crate::{fs, random};

/// The folder.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let name = format!("cleudocodebot-{}", random::hex(&random::bytes::<8>()));
        let folder = std::env::temp_dir().join(name);
        fs::create_private_dir(&folder).expect("a scratch folder");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn private_file(&self, name: &str, content: &[u8]) -> PathBuf {
        let file = self.0.join(name);
        fs::write_atomic(&file, content).expect("a scratch file");
        file
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
