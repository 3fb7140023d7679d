//! The page in a real browser: Node runs the checks of `tests/browser`. Without a browser the test says
//! that it is skipped. Checks of a minute each run only with `node tests/browser/run.mjs --soak`.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

/// The exit code for a missing browser or library.
const SKIPPED: i32 = 77;

#[test]
fn browser_checks_pass() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/run.mjs");
    let started = Command::new("node")
        .args([script, "--no-install", "--program"])
        .arg(env!("CARGO_BIN_EXE_cleudocodebot"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut node) = started else {
        // Not by `println!`: the test harness hides the output of tests that pass.
        let _ = writeln!(io::stderr(), "SKIPPED: no node on this machine");
        return;
    };
    let out = BufReader::new(node.stdout.take().expect("piped"));
    for line in out.lines().map_while(Result::ok) {
        println!("{line}");
    }
    let code = node.wait().expect("it ends").code();
    assert!(matches!(code, Some(0 | SKIPPED)), "{code:?}");
}
