//! What a file says of itself, how long it may be, and what is at the top level.

use super::sources::{entries, root, sources};

/// Longest file a reader should meet.
const MAX_LINES: usize = 450;

#[test]
fn each_file_has_a_header() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let wrong = all.filter(|source| !source.text.starts_with("//! "));
    let wrong: Vec<_> = wrong.map(|source| source.path).collect();
    assert!(wrong.is_empty(), "without //! at the top: {wrong:#?}");
}

#[test]
fn no_file_is_too_long() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let lines = all.map(|source| (source.text.lines().count(), source.path));
    let wrong: Vec<_> = lines.filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert!(wrong.is_empty(), "over {MAX_LINES} lines: {wrong:#?}");
}

#[test]
fn the_top_level_is_as_expected() {
    let allowed = [
        ".ci",
        ".env.example",
        ".git",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "README.pt-BR.md",
        "benches",
        "src",
        "target",
        "tests",
    ];
    for path in entries(root()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        assert!(
            allowed.contains(&name.as_ref()),
            "{name} does not belong at the top level"
        );
    }
}
