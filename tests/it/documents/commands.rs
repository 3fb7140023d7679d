//! Every command of the README is run, in its order, against a daemon: what a reader types must work.

use std::{fs, path::Path, process::Command};

use super::read;
use crate::support::{Daemon, Scratch, daemon_command, run};

/// What starts with these is run by people and by the tests around this one, not by this one.
const ELSEWHERE: [&str; 3] = [
    "cargo run --release -- daemon",
    "cargo test",
    "cargo install --path .",
];

/// Commands that would change this machine, open a window or wait for a person, and what is added to them here.
const TAMED: [(&str, &str); 3] = [
    ("cleudocodebot onboard", "--dry-run --json"),
    ("cleudocodebot dashboard", "--no-browser"),
    ("cleudocodebot uninstall", "--dry-run"),
];

/// Addresses of services in the README, and one at which nothing listens.
const SERVICES: [&str; 2] = ["127.0.0.1:8080", "127.0.0.1:11434"];
const NOBODY: &str = "127.0.0.1:1";

/// What a build without calendars does not know.
const CRON: &str = r#"--cron "0 8,18 * * *""#;

/// The lines behind a prompt, without their comments.
fn typed(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ "));
    let lines = lines.map(|line| line.split("  #").next().unwrap_or(line));
    lines.map(str::trim_end).collect()
}

/// A Tailscale that is logged in and serves nothing yet.
const TAILSCALE: &str = r#"#!/bin/sh
[ "$1" = status ] && echo '{"BackendState": "Running", "CertDomains": ["box.tail1.ts.net"],
    "Self": {"DNSName": "box.tail1.ts.net.", "CapMap": {"https": null}}}'
exit 0
"#;

/// Puts a program into the folder that is searched first.
fn stand_in(home: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = home.join("stand-ins");
    fs::create_dir_all(&folder).expect("made");
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
}

fn shell(home: &Path, daemon: &Daemon, line: &str) -> (i32, String, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_cleudocodebot"));
    let folder = program.parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(home)
        .env(
            "PATH",
            format!("{}/stand-ins:{folder}:{path}", home.display()),
        )
        .env("HOME", home)
        .env("CLEUDOCODEBOT_HOME", home)
        .env(
            "CLEUDOCODEBOT_PORT",
            daemon.gateway.address.port().to_string(),
        )
        .stdin(std::process::Stdio::null());
    run(command)
}

#[test]
fn every_command_of_the_readme_works() {
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command.env("TELEGRAM_BASE_URL", format!("http://{NOBODY}"));
    let daemon = Daemon::from_command(command, &home.0);
    fs::write(home.0.join("card.png"), b"\x89PNG\r\n\x1a\n and so on").expect("written");
    stand_in(&home.0, "tailscale", TAILSCALE);
    let readme = read("README.md");
    let lines = typed(&readme);
    assert!(lines.len() > 20, "{lines:?}");
    for line in lines {
        if ELSEWHERE.contains(&line) {
            continue;
        }
        assert!(line.starts_with("cleudocodebot "), "who runs {line}?");
        let tamed = TAMED.iter().find(|(start, _)| line.starts_with(start));
        let mut here = line.to_owned();
        if let Some((_, more)) = tamed {
            here = format!("{line} {more}");
        }
        for service in SERVICES {
            here = here.replace(service, NOBODY);
        }
        if !cfg!(feature = "schedule") {
            here = here.replace(CRON, "--every 1d");
        }
        let (code, out, stderr) = shell(&home.0, &daemon, &here);
        assert_eq!(code, 0, "{here}\n{out}{stderr}");
    }
    let document = fs::read_to_string(home.0.join("asyncapi.json")).expect("written");
    assert!(document.contains("\"asyncapi\""));
}
