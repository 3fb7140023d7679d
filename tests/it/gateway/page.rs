//! The page without a browser: Node runs the tests of its logic and parses its scripts as they are served.
//! Without Node both tests say that they are skipped.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::support::{Scratch, Shared};

/// The output of Node, or `None` where it is not installed.
fn node(arguments: &[&Path]) -> Option<Output> {
    let mut command = Command::new("node");
    let done = command.args(arguments).stdin(Stdio::null()).output().ok();
    if done.is_none() {
        eprintln!("SKIPPED: no node on this machine");
    }
    done
}

/// The files with this ending in a folder and all folders below it.
fn files(folder: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of ours");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path, ending)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}

#[test]
fn page_logic_tests_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let tests = files(&folder, ".test.mjs");
    let mut arguments = vec![Path::new("--test")];
    arguments.extend(tests.iter().map(std::path::PathBuf::as_path));
    let Some(done) = node(&arguments) else { return };
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && tests.len() > 3, "{told}");
}

#[test]
fn sent_scripts_parse_in_node() {
    let (daemon, scratch) = (Shared::daemon(), Scratch::new());
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    for file in files(&web, ".js") {
        let inside = file.strip_prefix(&web).expect("inside");
        let path = format!("/{}", inside.to_string_lossy().replace('\\', "/"));
        let (status, _, sent) = daemon.get("GET", &path, "");
        assert_eq!(status, 200, "{path}");
        let copy = scratch.0.join("sent.mjs");
        fs::write(&copy, sent).expect("a scratch folder");
        let Some(done) = node(&[Path::new("--check"), &copy]) else {
            return;
        };
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{path}: {told}");
    }
}
