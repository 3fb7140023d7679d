//! `dashboard`: the link, the file that a browser gets instead of the token, and the messages without a
//! daemon or a browser.

use serde_json::json;

use crate::support::{Daemon, Scratch, program, run};

#[test]
fn no_browser_prints_only_link() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (code, out, stderr) = run(program(&home.0, &["dashboard", "--no-browser"]));
    let link = format!("http://{}/#token={}\n", daemon.address, daemon.token);
    assert_eq!((code, out, stderr.as_str()), (0, link, ""));
}

#[test]
fn no_daemon_says_how_to_start() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    daemon.kill();
    let (code, out, stderr) = run(program(&home.0, &["dashboard"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        stderr.contains("no daemon answers at 127.0.0.1:"),
        "{stderr}"
    );
    assert!(stderr.contains("cleudocodebot daemon"), "{stderr}");
}

#[cfg(unix)]
mod with_openers {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
        path::{Path, PathBuf},
        process::{Command, Stdio},
        time::Instant,
    };

    use super::*;
    use crate::support::PATIENCE;

    /// The command with only `folder` on its `PATH`.
    fn dashboard(home: &Scratch, folder: &Path) -> Command {
        let mut command = program(&home.0, &["dashboard"]);
        command.env("PATH", folder).env("DISPLAY", ":0");
        command
    }

    fn fake_opener(folder: &Path, script: &str) -> PathBuf {
        let file = folder.join("xdg-open");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
        file
    }

    #[tokio::test]
    async fn browser_opens_private_file() {
        let home = Scratch::new();
        let daemon = Daemon::start(&home.0);
        let folder = Scratch::new();
        let record = folder.0.join("arguments");
        fake_opener(
            &folder.0,
            &format!(
                "echo \"$*\" > {0}.new; /bin/mv {0}.new {0}",
                record.display()
            ),
        );
        let mut command = dashboard(&home, &folder.0);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = child.spawn().expect("started");

        let deadline = Instant::now() + PATIENCE;
        while !record.exists() {
            assert!(Instant::now() < deadline, "no browser was started");
            tokio::task::yield_now().await;
        }
        let arguments = fs::read_to_string(&record).expect("recorded");
        let file = home.0.join("cleudocodebot-dashboard.html");
        assert_eq!(arguments.trim_end(), file.to_string_lossy());
        assert!(!arguments.contains(&daemon.token));
        let link = format!("http://{}/#token={}", daemon.address, daemon.token);
        assert!(fs::read_to_string(&file).expect("there").contains(&link));
        assert_eq!(fs::metadata(&file).expect("there").mode() & 0o777, 0o600);

        let mut other = daemon.client().await;
        let script = json!({"client": {"name": "script", "kind": "agent"}});
        other.call("auth", &script).await.expect("in");
        let mut page = daemon.client().await;
        let who = json!({"client": {"name": "page", "kind": "webchat"}});
        page.call("auth", &who).await.expect("in");
        let output = child.wait_with_output().expect("ended");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.is_empty(), "{stderr}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{link}\n"));
        assert!(!file.exists());
    }

    #[test]
    fn missing_browser_is_no_failure() {
        let home = Scratch::new();
        let daemon = Daemon::start(&home.0);
        let folder = Scratch::new();
        let check = |command: Command, expected: &str| {
            let (code, out, stderr) = run(command);
            assert_eq!(code, 0, "{stderr}");
            assert!(out.ends_with(&format!("{}\n", daemon.token)), "{out}");
            assert!(stderr.contains(expected), "{stderr}");
            assert!(stderr.contains("open the link"), "{stderr}");
            assert!(!home.0.join("cleudocodebot-dashboard.html").exists());
        };
        check(
            dashboard(&home, &folder.0),
            "none of xdg-open, wslview, gio",
        );
        fake_opener(&folder.0, "exit 3");
        check(
            dashboard(&home, &folder.0),
            "opens the browser failed (exit status: 3)",
        );
        let mut blind = dashboard(&home, &folder.0);
        for screen in ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"] {
            blind.env_remove(screen);
        }
        check(blind, "no screen");
    }
}
