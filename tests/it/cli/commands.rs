//! The command line against a real daemon: what a person types and what comes back.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{Daemon, Scratch, program, run};

fn done(home: &Scratch, arguments: &[&str]) -> String {
    let (code, out, told) = run(program(&home.0, arguments));
    assert_eq!(code, 0, "{arguments:?}: {out}{told}");
    out
}

/// Runs a command with something on its standard input.
fn fed(mut command: Command, input: &str) -> (i32, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(input.as_bytes())
        .expect("written");
    let output = child.wait_with_output().expect("it ends");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[test]
fn a_message_is_sent_from_the_command_line_and_read_back() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let sent = done(
        &home,
        &["send", "--channel", "webchat", "--to", "ana", "Hello"],
    );
    assert!(sent.starts_with("queued m-"), "{sent}");
    let (code, out) = fed(
        program(
            &home.0,
            &["send", "--channel", "webchat", "--to", "ana", "-"],
        ),
        "from a pipe\n",
    );
    assert!(code == 0 && out.starts_with("queued m-"), "{out}");
    done(
        &home,
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
    let history = done(&home, &["history", "--json"]);
    let texts: Vec<Value> = history
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["text"].clone())
        .collect();
    assert_eq!(texts, ["Hello", "from a pipe", "as before"]);
    let status: Value = serde_json::from_str(&done(&home, &["status", "--json"])).expect("JSON");
    assert_eq!(
        (&status["pid"], &status["queues"]["outbox"]["webchat"]),
        (&daemon.child.id().into(), &3.into())
    );
    assert!(done(&home, &["call", "ping"]).contains("\"pong\": true"));
    assert!(done(&home, &["ping", "--count", "2", "--interval", "0"]).contains("seq=2"));
    assert!(done(&home, &["clients"]).contains("cli"));
    assert!(done(&home, &["logs"]).contains("ready"));
}

#[test]
fn chat_hands_in_what_is_typed() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    let (code, _) = fed(program(&home.0, &["chat", "--peer", "ana"]), "one\ntwo\n");
    assert_eq!(code, 0);
    let history = done(&home, &["history", "--peer", "ana", "--channel", "webchat"]);
    assert!(
        history.contains("one") && history.contains("two"),
        "{history}"
    );
}

#[test]
fn settings_and_token_are_changed_and_taken_over() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    done(
        &home,
        &["config", "set", "CLEUDOCODEBOT_HISTORY_DAYS", "30"],
    );
    assert_eq!(
        done(&home, &["config", "get", "CLEUDOCODEBOT_HISTORY_DAYS"]),
        "30\n"
    );
    assert!(
        !done(&home, &["config", "show"]).contains(&daemon.token),
        "secrets are masked"
    );
    assert_eq!(done(&home, &["token", "show"]).trim(), daemon.token);
    done(&home, &["token", "rotate"]);
    assert_ne!(done(&home, &["token", "show"]).trim(), daemon.token);
    done(&home, &["status"]);
    let (code, _, told) = run(program(
        &home.0,
        &["config", "set", "CLEUDOCODEBOT_PORT", "many"],
    ));
    assert!(code == 2 && told.contains("many"), "{code} {told}");
}

#[test]
fn stop_stops_and_says_so_and_everything_else_says_how_to_start() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    assert!(done(&home, &["doctor"]).contains("ok"));
    // Later commands must ask where the daemon was, not at the default port.
    done(
        &home,
        &[
            "config",
            "set",
            "CLEUDOCODEBOT_PORT",
            &daemon.address.port().to_string(),
        ],
    );
    done(&home, &["stop"]);
    assert_eq!(daemon.wait().code(), Some(0));
    done(&home, &["stop"]);
    for command in [
        &["status"][..],
        &["ping"],
        &["clients"],
        &["call", "status"],
        &["reload"],
    ] {
        let (code, _, told) = run(program(&home.0, command));
        assert_eq!((code, told.lines().count()), (1, 1), "{command:?}: {told}");
        assert!(told.contains("cleudocodebot daemon"), "{told}");
    }
}

#[test]
fn wrong_words_end_with_2_and_a_broken_pipe_with_0() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    for wrong in [
        &["statos"][..],
        &["send"],
        &["ping", "--count", "x"],
        &["history", "--limit"],
    ] {
        assert_eq!(run(program(&home.0, wrong)).0, 2, "{wrong:?}");
    }
    let mut command = program(&home.0, &["call", "describe"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
