//! Commands against a real daemon: their output and exit codes.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Daemon, Scratch, Shared, assert_fields, done, program, run, run_with_input};

#[test]
fn send_and_history() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let sent = done(
        &home.0,
        &["send", "--channel", "webchat", "--to", "ana", "Hello"],
    );
    assert!(sent.starts_with("queued m-"), "{sent}");
    let from_stdin = ["send", "--channel", "webchat", "--to", "ana", "-"];
    let piped = run_with_input(program(&home.0, &from_stdin), "from a pipe\n");
    let out = String::from_utf8_lossy(&piped.stdout);
    assert!(
        piped.status.success() && out.starts_with("queued m-"),
        "{out}"
    );
    done(
        &home.0,
        &[
            "message",
            "send",
            "--channel",
            "webchat",
            "--target",
            "ana",
            "--message",
            "as before",
        ],
    );
    let history = done(&home.0, &["history", "--json"]);
    let texts: Vec<Value> = history
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["text"].clone())
        .collect();
    assert_eq!(texts, ["Hello", "from a pipe", "as before"]);
    let status: Value = serde_json::from_str(&done(&home.0, &["status", "--json"])).expect("JSON");
    assert_fields(
        &status,
        &json!({"pid": daemon.child.id(), "queues.outbox.webchat": 3}),
    );
    assert!(done(&home.0, &["call", "ping"]).contains("\"pong\": true"));
    assert!(done(&home.0, &["ping", "--count", "2", "--interval", "0"]).contains("seq=2"));
    assert!(done(&home.0, &["clients"]).contains("cli"));
    assert!(done(&home.0, &["logs"]).contains("ready"));
}

#[test]
fn chat_receives_typed_lines() {
    let daemon = Shared::daemon();
    let chat = program(&daemon.home, &["chat", "--peer", "chat-ana"]);
    let ended = run_with_input(chat, "one\ntwo\n");
    assert!(ended.status.success(), "{ended:?}");
    let history = done(
        &daemon.home,
        &["history", "--peer", "chat-ana", "--channel", "webchat"],
    );
    assert!(
        history.contains("one") && history.contains("two"),
        "{history}"
    );
    let nobody = program(
        &daemon.home,
        &["history", "--peer", "chat-nobody", "-c", "webchat"],
    );
    let (code, shown, told) = run(nobody);
    assert!(
        code == 0 && shown.is_empty() && told.contains("no messages found"),
        "{shown}{told}"
    );
}

#[test]
fn config_and_token_changes_apply() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    done(
        &home.0,
        &["config", "set", "CLEUDOCODEBOT_HISTORY_DAYS", "30"],
    );
    assert_eq!(
        done(&home.0, &["config", "get", "CLEUDOCODEBOT_HISTORY_DAYS"]),
        "30\n"
    );
    assert!(
        !done(&home.0, &["config", "show"]).contains(&daemon.token),
        "secrets are masked"
    );
    assert_eq!(done(&home.0, &["token", "show"]).trim(), daemon.token);
    done(&home.0, &["token", "rotate"]);
    assert_ne!(done(&home.0, &["token", "show"]).trim(), daemon.token);
    done(&home.0, &["status"]);
    let (code, _, stderr) = run(program(
        &home.0,
        &["config", "set", "CLEUDOCODEBOT_PORT", "many"],
    ));
    assert!(code == 2 && stderr.contains("many"), "{code} {stderr}");
    // What every command would refuse from then on.
    let token = done(&home.0, &["token", "show"]);
    for (key, value) in [
        ("CLEUDOCODEBOT_TOKEN", "abc"),
        ("CLEUDOCODEBOT_HOST", "0.0.0.0"),
    ] {
        let (code, _, stderr) = run(program(&home.0, &["config", "set", key, value]));
        assert!(code != 0 && stderr.contains(key), "{code} {stderr}");
    }
    assert_eq!(done(&home.0, &["token", "show"]), token);
    done(&home.0, &["status"]);
}

#[test]
fn rotating_the_token_says_what_the_daemon_was_not_told() {
    let rotated = |home: &Scratch| run(program(&home.0, &["token", "rotate"]));
    let home = Scratch::new();
    let (code, out, err) = rotated(&home);
    assert_eq!(code, 0, "no daemon runs: {err}");
    assert!(
        out.contains("a fresh token stands in") && err.contains("every client"),
        "{out}{err}"
    );

    // The daemon runs on, and its token is nowhere any more.
    let daemon = Daemon::start(&home.0);
    let env_file = home.0.join(".env");
    std::fs::remove_file(&env_file).expect("removed");
    let (code, out, err) = rotated(&home);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("a fresh token stands in"), "{out}");
    for told in [
        "was not told",
        "still takes its old token",
        "nowhere to be found",
        "cleudocodebot restart",
    ] {
        assert!(err.contains(told), "{told}: {err}");
    }
    assert!(err.contains(&daemon.child.id().to_string()), "{err}");

    // The file has a token by now, but not the daemon's.
    let (code, _, err) = rotated(&home);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("refused the token"), "{err}");
}

#[test]
fn a_token_that_something_else_sets_is_not_rotated_in_silence() {
    let home = Scratch::new();
    let mut command = program(&home.0, &["token", "rotate"]);
    command.env(
        "CLEUDOCODEBOT_TOKEN",
        "from-the-environment-0123456789abcdef",
    );
    let (code, out, err) = run(command);
    assert_eq!((code, out.as_str()), (78, ""), "{err}");
    assert!(err.contains("nothing was changed"), "{err}");

    // Here it is the daemon that does not look into .env for it.
    let token = "the-same-in-both-places-0123456789abcdef";
    std::fs::create_dir_all(&home.0).expect("a folder");
    let env_file = home.0.join(".env");
    cleudocodebot::config::dotenv::edit_file(&env_file, |file| {
        file.set("CLEUDOCODEBOT_TOKEN", token)
    })
    .expect("written");
    let _daemon = Daemon::start_with(&home.0, &[("TOKEN", token)]);
    let (code, out, err) = run(program(&home.0, &["token", "rotate"]));
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("did not change for it"), "{err}");
}

#[test]
fn doctor_names_a_prompt_that_is_not_there() {
    let home = Scratch::new();
    let mut doctor = program(&home.0, &["doctor"]);
    doctor
        .env("AGENT", "echo")
        .env("AGENT_PROMPTS", "webchat/*=@no.md");
    let (code, out, err) = run(doctor);
    assert_ne!(code, 0, "{out}{err}");
    let told = out.lines().find(|line| line.contains("no.md"));
    assert!(
        told.is_some_and(|line| line.contains("AGENT_PROMPTS")),
        "{out}"
    );
}

#[test]
fn after_stop_commands_say_start() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    assert!(done(&home.0, &["doctor"]).contains("ok"));
    // Later commands must ask at the daemon's former port, not at the default one.
    done(
        &home.0,
        &[
            "config",
            "set",
            "CLEUDOCODEBOT_PORT",
            &daemon.address.port().to_string(),
        ],
    );
    done(&home.0, &["stop"]);
    assert_eq!(daemon.wait().code(), Some(0));
    done(&home.0, &["stop"]);
    for command in [
        &["status"][..],
        &["ping"],
        &["clients"],
        &["call", "status"],
        &["reload"],
    ] {
        let (code, _, stderr) = run(program(&home.0, command));
        assert_eq!(
            (code, stderr.lines().count()),
            (1, 1),
            "{command:?}: {stderr}"
        );
        assert!(stderr.contains("cleudocodebot daemon"), "{stderr}");
    }
}

#[test]
fn exit_codes_of_usage_and_pipe() {
    let daemon = Shared::daemon();
    for wrong in [
        &["statos"][..],
        &["send"],
        &["ping", "--count", "x"],
        &["history", "--limit"],
    ] {
        assert_eq!(run(program(&daemon.home, wrong)).0, 2, "{wrong:?}");
    }
    let mut command = program(&daemon.home, &["call", "describe"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_purge_says_what_goes_and_is_not_done_unasked() {
    let home = Scratch::new();
    let env_file = home.0.join(".env");
    std::fs::write(&env_file, "A=1\n").expect("written");
    let (code, _, err) = run(program(&home.0, &["uninstall", "--purge"]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--yes"), "{err}");
    assert!(err.contains(&env_file.display().to_string()), "{err}");
    assert!(env_file.exists());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_in_the_place_of_the_settings_holds_up_no_command() {
    let home = Scratch::new();
    let env_file = home.0.join(".env");
    let made = std::process::Command::new("mkfifo").arg(&env_file).status();
    assert!(made.expect("mkfifo").success());
    for _ in 0..2 {
        for command in ["status", "daemon", "doctor"] {
            let (code, out, err) = run(program(&home.0, &[command]));
            assert_ne!(code, 0, "{command}");
            assert!(
                format!("{out}{err}").contains("is a pipe or a device"),
                "{command}: {out}{err}"
            );
        }
        std::fs::remove_file(&env_file).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &env_file).expect("linked");
    }
}
