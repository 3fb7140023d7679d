//! The program as a process of its own, in a home that goes away with its test.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use cleudocodebot::random;

/// A folder that is removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(pub PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let path =
            std::env::temp_dir().join(format!("cleudocodebot-it-{}", &random::token()[..16]));
        cleudocodebot::fs::create_private_dir(&path).expect("a scratch folder");
        Self(path)
    }

    /// The folder, which somebody else removes then.
    pub(crate) fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// The program in this home, without any setting from the environment of the test run.
pub(crate) fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cleudocodebot"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLEUDOCODEBOT_")) {
        command.env_remove(name);
    }
    command
        .env_remove("NOTIFY_SOCKET")
        // English, whatever whoever runs the tests reads.
        .env("LC_ALL", "C")
        .args(arguments)
        .env("CLEUDOCODEBOT_HOME", home);
    command.stdin(Stdio::null());
    command
}

/// The daemon in this home on a free port, with its log piped.
pub(crate) fn daemon_command(home: &Path) -> Command {
    let mut command = program(home, &["daemon"]);
    command
        .env("CLEUDOCODEBOT_PORT", "0")
        // Most tests write in the channel that it answers, and count what comes.
        .env("GUIDE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end: exit code, stdout and stderr.
pub(crate) fn run(mut command: Command) -> (i32, String, String) {
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Runs the program in this home, which must succeed; its standard output.
pub(crate) fn done(home: &Path, arguments: &[&str]) -> String {
    let (code, out, stderr) = run(program(home, arguments));
    assert_eq!(code, 0, "exit code of {arguments:?}: {out}{stderr}");
    out
}

/// Runs a command with `input` on its standard input.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// The token in a home's `.env`.
pub(crate) fn token_of(home: &Path) -> String {
    let text = fs::read_to_string(home.join(".env")).expect("a .env");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("CLEUDOCODEBOT_TOKEN="));
    line.expect("a token").trim_matches('"').to_owned()
}
