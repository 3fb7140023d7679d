//! A temporary folder for tests that touch files; removed on drop.

use std::path::{Path, PathBuf};

use super::{Environment, Lookup, Overrides, look_up};
use crate::{fs, random};

/// These settings and nothing else, with this home folder.
pub(super) fn lookup(folder: &Scratch, pairs: &[(&str, &str)]) -> Lookup {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        home: Some(folder.path().to_owned()),
        settings: pairs.iter().map(pair).collect(),
        ..Overrides::default()
    };
    look_up(&overrides, &Environment::default()).expect("read")
}

pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        let name = format!(
            "cleudocodebot-config-{}",
            random::hex(&random::bytes::<8>())
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_private_dir(&folder).expect("a scratch folder");
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn private_file(&self, name: &str, content: &[u8]) -> PathBuf {
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
