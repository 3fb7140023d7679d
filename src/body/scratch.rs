//! Files for tests.

use std::{fs::File, io::Write as _};

use crate::random;

/// A file that is gone once it is closed.
pub(crate) fn file_of(bytes: &[u8]) -> File {
    let path = std::env::temp_dir().join(format!("file-body-{}", random::token()));
    File::create_new(&path)
        .and_then(|mut file| file.write_all(bytes))
        .expect("a temporary file");
    let file = File::open(&path).expect("just written");
    std::fs::remove_file(&path).expect("just written");
    file
}
