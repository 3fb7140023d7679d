//! Every artefact to the byte, also for paths with every character that the system allows.
//! `UPDATE_GOLDEN=1 cargo test golden` writes the files again.
//!
//! git may be configured to convert line ends, so the files have line feeds only and a carriage return
//! is written as `␍`. It treats UTF-16 as binary and leaves it alone.

use std::{fs, path::PathBuf};

use cleudocodebot::service::{
    launchers::texts,
    system::{artefact::Artefact, utf16},
};

const UNIX: (&str, &str) = ("/usr/bin/cleudocodebot", "/home/ada/.cleudocodebot");

/// What Unix allows in a path and service files need escaped.
const HOSTILE: (&str, &str) = (
    "/opt/a b&c%d!e^f(g)ö'h$i\"j\\k;l#m`n~o|p<q>r*s?/cleudocodebot",
    "/home/a b&c%d!e^f(g)ö'h$i\"j\\k;l#m`n~o|p<q>r*s?=/.cleudocodebot",
);

const WINDOWS: &str = r"C:\Users\ada\AppData\Local\cleudocodebot";
const LOCAL: &str = r"C:\Users\ada\AppData\Local";

/// What Windows allows in a path and `cmd` or XML need escaped.
const HOSTILE_WINDOWS: &str = r"D:\a b&c%PATH%d!e^f(g)ö'h$i;j#k`l~m,n=o@p[q]{r}+\cleudocodebot";

const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-512";

fn check(name: &str, bytes: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/service");
    let file = folder.join(name);
    let is_text = !bytes.starts_with(&[0xFF, 0xFE]);
    let kept = if is_text {
        let text = std::str::from_utf8(bytes).expect("text");
        text.replace('\r', "␍").into_bytes()
    } else {
        bytes.to_vec()
    };
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(&file, &kept).expect("written");
    }
    let mut golden = fs::read(&file).expect("a golden file; make it with UPDATE_GOLDEN=1");
    if is_text {
        // git may have checked the file out with CRLF.
        let text = String::from_utf8(golden)
            .expect("text")
            .replace("\r\n", "\n");
        golden = text.into_bytes();
    }
    assert!(
        golden == kept,
        "{name} differs from its golden file:\n{}",
        String::from_utf8_lossy(bytes)
    );
}

fn sealed(text: &str) -> Vec<u8> {
    Artefact::text(PathBuf::from("/unused"), text).bytes
}

#[test]
fn systemd_units() {
    check("user.service", &sealed(&texts::user_unit(UNIX.0, UNIX.1)));
    let hostile = texts::user_unit(HOSTILE.0, HOSTILE.1);
    check("user-hostile.service", &sealed(&hostile));
    // Without quotes and backslashes the program needs no shell.
    let program = HOSTILE.0.replace(['\'', '"', '\\'], "");
    let hostile = texts::user_unit(&program, HOSTILE.1);
    check("user-hostile-home.service", &sealed(&hostile));
    let system = texts::system_unit(UNIX.0, "/var/lib/cleudocodebot", "cleudocodebot");
    check("system.service", &sealed(&system));
}

#[test]
fn desktop_entries() {
    let entry = texts::desktop_entry(UNIX.0, UNIX.1).expect("an entry");
    check("autostart.desktop", &sealed(&entry));
    let hostile = texts::desktop_entry(HOSTILE.0, HOSTILE.1).expect("an entry");
    check("autostart-hostile.desktop", &sealed(&hostile));
}

#[test]
fn property_lists() {
    let log = |home: &str| format!("{home}/logs/launchd.log");
    let plist = texts::plist(UNIX.0, UNIX.1, &log(UNIX.1));
    check("launchd.plist", &sealed(&plist));
    let hostile = texts::plist(HOSTILE.0, HOSTILE.1, &log(HOSTILE.1));
    check("launchd-hostile.plist", &sealed(&hostile));
}

#[test]
fn batch_files() {
    let bytes = sealed(&texts::daemon_bat());
    assert!(bytes.is_ascii() && bytes.starts_with(b"@echo off\r\n"));
    let text = String::from_utf8(bytes.clone()).expect("ASCII");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    check("daemon.bat", &bytes);
    let startup = |home, windowless| sealed(&texts::startup_bat(home, LOCAL, windowless));
    check("startup.bat", &startup(WINDOWS, true));
    check("startup-window.bat", &startup(WINDOWS, false));
    check("startup-hostile.bat", &startup(HOSTILE_WINDOWS, true));
    check(
        "startup-hostile-window.bat",
        &startup(HOSTILE_WINDOWS, false),
    );
}

#[test]
fn scheduled_tasks() {
    let task = |home, windowless| {
        let text = texts::task_xml(SID, home, windowless);
        Artefact::utf16(PathBuf::from("/unused"), &text).bytes
    };
    let bytes = task(WINDOWS, true);
    let text = utf16::decode(&bytes).expect("UTF-16 with a byte order mark");
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    check("task.xml", &bytes);
    check("task-hostile.xml", &task(HOSTILE_WINDOWS, true));
    check("task-window.xml", &task(WINDOWS, false));
}

#[test]
fn run_values() {
    let lines = [
        texts::run_value(WINDOWS, true),
        texts::run_value(WINDOWS, false),
        texts::run_value(HOSTILE_WINDOWS, true),
        texts::run_value_unfit(HOSTILE_WINDOWS, false).expect("a % in a command line"),
        texts::run_value_unfit(&format!("C:\\{}", "ö".repeat(240)), true).expect("too long"),
    ];
    check("run-values.txt", (lines.join("\n") + "\n").as_bytes());
    assert_eq!(texts::run_value_unfit(HOSTILE_WINDOWS, true), None);
}
