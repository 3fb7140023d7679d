//! The page in a real browser: the checks of `tests/browser`, run by Node. What a machine lacks is
//! skipped, aloud; those that need a minute each stay with `node tests/browser/run.mjs --soak`.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

/// The exit code that says that something is not on this machine.
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
        // Past the test harness, which keeps what a test that succeeds says to itself.
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
