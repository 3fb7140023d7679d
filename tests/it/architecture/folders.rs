//! How many files a folder may have.

use super::sources::{entries, folders, root};

/// Files side by side that a reader can survey.
const MAX_FILES: usize = 15;

#[test]
fn no_folder_is_crowded() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests/it", "benches"].into_iter().flat_map(folders) {
        let files = entries(&folder).into_iter().filter(|path| path.is_file());
        // The roots of the crates are no modules of the folder they are in.
        let count = files
            .filter(|path| !path.ends_with("src/lib.rs") && !path.ends_with("src/main.rs"))
            .count();
        if count > MAX_FILES && !folder.starts_with(root().join("tests/it/golden")) {
            wrong.push(format!("{} has {count} files", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "over {MAX_FILES}: {wrong:#?}");
}
