//! Backups as the owner makes and restores them: of a daemon that runs, of one that does not, by itself, and onto disks
//! that are full.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use crate::support::{
    Daemon, Gateway, PATIENCE, Scratch, assert_field, program, run, run_with_input,
};

fn rpc(gateway: &Gateway, method: &str, params: &Value) -> Value {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut answer = gateway.rpc(&call.to_string()).1;
    assert_eq!(answer["error"], Value::Null, "{method}");
    answer["result"].take()
}

fn sent(gateway: &Gateway, text: &str) -> Value {
    let key = format!("once-{text}");
    let message = json!({"channel": "webchat", "to": "ana", "text": text, "idempotency_key": key});
    rpc(gateway, "send", &message)
}

fn texts(gateway: &Gateway) -> Vec<String> {
    let history = rpc(gateway, "history", &json!({"limit": 1000}));
    let messages = history["messages"].as_array().expect("messages").iter();
    let one = |message: &Value| format!("{} {}", message["message_id"], message["text"]);
    messages.map(one).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Runs a command and expects it to succeed; what it wrote to standard output.
fn ran(home: &Path, arguments: &[&str]) -> String {
    let (code, shown, told) = run(program(home, arguments));
    assert_eq!(code, 0, "{arguments:?}: {shown}{told}");
    shown
}

#[test]
fn a_backup_of_a_running_daemon_restores_to_the_same_messages_keys_and_numbers() {
    let (home, other, folder) = (Scratch::new(), Scratch::new(), Scratch::new());
    let daemon = Daemon::start(&home.0);
    let first = sent(&daemon, "one");
    sent(&daemon, "two");
    let file = folder.0.join("all.tar");
    let shown = ran(&home.0, &["backup", text(&file)]);
    assert!(
        shown.contains("2 messages") && shown.contains("whole"),
        "{shown}"
    );
    sent(&daemon, "after");
    let before = texts(&daemon);
    let status = rpc(&daemon, "status", &json!({}));
    assert!(status["backup"]["at_ms"].is_u64(), "{status}");
    assert_field(&status["backup"], "messages", 2);
    let verified = ran(&home.0, &["backup", "verify", text(&file), "--json"]);
    let verified: Value = serde_json::from_str(&verified).expect("JSON");
    assert_field(&verified, "messages", 2);
    ran(&other.0, &["restore", text(&file)]);
    let restored = Daemon::start(&other.0);
    assert_eq!(texts(&restored), before[..2]);
    let again = sent(&restored, "one");
    assert_field(&again, "message_id", first["message_id"].clone());
    assert_field(&again, "duplicate", true);
    let status = rpc(&restored, "status", &json!({}));
    assert_field(&status["store"], "seq", verified["seq"].clone());
}

#[test]
fn a_stopped_daemon_is_backed_up_too_and_only_an_empty_home_takes_it() {
    let (home, folder) = (Scratch::new(), Scratch::new());
    let (code, _, told) = run(program(&home.0, &["backup", "x.tar"]));
    assert!(code == 1 && told.contains("nothing to back up"), "{told}");
    let before = {
        let daemon = Daemon::start(&home.0);
        sent(&daemon, "one");
        texts(&daemon)
    };
    let file = folder.0.join("all.tar");
    fs::write(&file, "another week").expect("written");
    let (code, _, told) = run(program(&home.0, &["backup", text(&file)]));
    assert!(code == 1 && told.contains("--force"), "{told}");
    assert_eq!(fs::read(&file).expect("kept"), b"another week");
    #[cfg(unix)]
    {
        let link = folder.0.join("link.tar");
        std::os::unix::fs::symlink(folder.0.join("unplugged"), &link).expect("linked");
        let (code, _, told) = run(program(&home.0, &["backup", text(&link)]));
        assert!(code == 1 && told.contains("is a link to nothing"), "{told}");
        assert!(link.is_symlink());
    }
    ran(
        &home.0,
        &["backup", text(&file), "--with-secrets", "--force"],
    );
    // Each night anew under one name.
    ran(&home.0, &["backup", text(&file), "--with-secrets"]);
    let (code, _, told) = run(program(&home.0, &["restore", text(&file)]));
    assert!(code == 1 && told.contains("--force"), "{told}");
    ran(&home.0, &["restore", text(&file), "--force"]);
    let names = fs::read_dir(&home.0).expect("listed").flatten();
    let is_aside = |name: &str| name.starts_with("before-restore-");
    let aside = names.filter(|entry| is_aside(&entry.file_name().to_string_lossy()));
    assert_eq!(aside.count(), 1);
    let daemon = Daemon::start(&home.0);
    assert_eq!(texts(&daemon), before);
    let (code, _, told) = run(program(&home.0, &["restore", text(&file), "--force"]));
    assert!(code == 1 && told.contains("stop it first"), "{told}");
}

#[test]
fn a_pipe_takes_a_backup_and_gives_it_back() {
    let (home, other) = (Scratch::new(), Scratch::new());
    let daemon = Daemon::start(&home.0);
    sent(&daemon, "one");
    let output = program(&home.0, &["backup", "-"]).output().expect("run");
    assert!(output.status.success());
    assert!(
        output
            .stdout
            .starts_with(b"cleudocodebot-backup/manifest.json")
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("1 message") && told.contains("whole"),
        "{told}"
    );
    let file = other.0.join("piped.tar");
    fs::write(&file, &output.stdout).expect("written");
    let shown = ran(&other.0, &["backup", "verify", text(&file)]);
    assert!(shown.contains("whole"), "{shown}");
    let output = run_with_input(program(&other.0, &["backup", "verify", "-"]), "no archive");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && told.contains("damaged"),
        "{told}"
    );
}

#[test]
fn only_the_owner_is_handed_a_backup() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = rpc(
        &daemon,
        "key.add",
        &json!({"name": "phone", "role": "operator"}),
    );
    let header = format!(
        "Authorization: Bearer {}\r\n",
        key["token"].as_str().expect("a key")
    );
    assert_eq!(daemon.get("GET", "/backup", &header).0, 403);
    assert_eq!(daemon.get("GET", "/backup", "").0, 401);
    assert_eq!(daemon.get("GET", "/backup", &daemon.authorization()).0, 200);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_the_daemon_goes_on() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    sent(&daemon, "one");
    let (code, _, told) = run(program(&home.0, &["backup", "/dev/full"]));
    assert!(code == 1 && told.contains("No space left"), "{told}");
    sent(&daemon, "two");
    assert_eq!(texts(&daemon).len(), 2);
}

#[test]
fn backups_come_by_themselves_and_a_failure_is_told() {
    let (home, folder) = (Scratch::new(), Scratch::new());
    let place = folder.0.join("backups");
    let mut command = crate::support::daemon_command(&home.0);
    command
        .env("BACKUP_DIR", &place)
        .env("BACKUP_EVERY", "1s")
        .env("BACKUP_KEEP", "2");
    let daemon = Daemon::from_command(command, &home.0);
    sent(&daemon, "one");
    let backups = || -> Vec<PathBuf> {
        let entries = fs::read_dir(&place).into_iter().flatten().flatten();
        let whole = entries.map(|entry| entry.path());
        whole
            .filter(|path| path.extension().is_some_and(|end| end == "tar"))
            .collect()
    };
    until("no backup comes by itself", || !backups().is_empty());
    let status = || rpc(&daemon, "status", &json!({}))["backup"].clone();
    until("it is not told", || status()["path"].is_string());
    let shown = ran(&home.0, &["backup", "verify", text(&backups()[0])]);
    assert!(shown.contains("whole"), "{shown}");
    fs::remove_dir_all(&place).expect("removed");
    fs::write(&place, "in its place").expect("written");
    until("a failure is not told", || status()["error"].is_string());
    let (_, shown, _) = run(program(&home.0, &["doctor"]));
    assert!(shown.contains("backup"), "{shown}");
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}
