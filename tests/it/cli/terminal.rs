//! What a person sees on a terminal, narrow or wide, with colours or without; and `chat` on one.
//!
//! The terminal is one that `tests/foreign/terminal.py` makes; without Python these tests are skipped.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use cleudocodebot::config::dotenv;
use serde_json::{Value, json};

use crate::support::{Daemon, Scratch, Shared, done, program};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/terminal.py");

/// What the script answers; none where there is no Python.
fn ask(home: &Path, task: &str, asked: &Value) -> Option<Value> {
    // Its environment is that of a command of ours.
    let ours = program(home, &[]);
    let mut python = Command::new("python3");
    python.args([SCRIPT, task]);
    for (name, value) in ours.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    let run = python
        .env("TZ", "<-03>3")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut run) = run else {
        eprintln!("skipped: no python3 here");
        return None;
    };
    let mut input = run.stdin.take().expect("a pipe");
    input
        .write_all(asked.to_string().as_bytes())
        .expect("written");
    drop(input);
    let output = run.wait_with_output().expect("ended");
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn command(arguments: &[&str]) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_cleudocodebot");
    let words = std::iter::once(&program).chain(arguments);
    words.map(|word| (*word).to_owned()).collect()
}

/// The commands that show something, besides the help on each.
const COMMANDS: &[&[&str]] = &[
    &["status"],
    &["history"],
    &["conversations"],
    &["clients"],
    &["integrations"],
    &["integrations", "restart", "webchat"],
    &["agents"],
    &["outbox"],
    &["pairing"],
    &["logs"],
    &["config"],
    &["config", "set", "CLEUDOCODEBOT_HISTORY_DAYS", "90"],
    &["keys"],
    &["keys", "roles"],
    &["media", "list"],
    &["ping", "-c1"],
    &["send", "-c", "webchat", "-t", "ana", "Hello"],
    &["token", "show"],
    &["reload"],
    &["version"],
    &["doctor"],
    &["nonsense"],
    &["send"],
    &["config", "set", "CLEUDOCODEBOT_HISTORY_DAY", "90"],
];

/// A home with a daemon, a name and texts that are longer than any terminal.
fn stage() -> (Scratch, Daemon) {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let long = "a text that goes on and on, 日本語 included, ".repeat(6);
    for text in [&long, "👍 short"] {
        let payload = json!({"channel": "webchat", "peer": "ana", "text": text,
            "meta": {"name": "Ana Maria das Dores de Lourdes e Silva"}});
        done(&home.0, &["call", "receive", &payload.to_string()]);
    }
    done(&home.0, &["send", "-c", "webchat", "-t", "rui", &long]);
    let file = home.0.join(".env");
    dotenv::edit_file(&file, |file| {
        file.set("AGENT_PROMPT_OF_MINE", &"word ".repeat(40))
    })
    .expect("written");
    (home, daemon)
}

fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap_or_else(|| panic!("{text:?}"));
        assert!(
            code.bytes().all(|b| b.is_ascii_digit() || b == b';'),
            "{text:?}"
        );
        plain.push_str(rest);
    }
    plain
}

/// The columns of a line, as far as these texts need it.
fn width(line: &str) -> usize {
    let of = |c: char| match u32::from(c) {
        0x2e80..=0x9fff | 0xac00..=0xd7a3 | 0xff00..=0xff60 | 0x1f300..=0x1faff => 2,
        _ => 1,
    };
    line.chars().map(of).sum()
}

/// Whether a line is too wide only because of an address, a path or a token, which stay whole.
fn is_excused(line: &str) -> bool {
    let is_whole = |word: &str| word.contains('/') || word.len() >= 24;
    line.split_whitespace().any(is_whole)
}

#[test]
fn no_line_is_wider_than_the_terminal_and_escapes_come_only_where_they_are_wanted() {
    let (home, _daemon) = stage();
    let help = done(&home.0, &["--help"]);
    let names = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = names
        .map_while(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 30, "{names:?}");
    let helps: Vec<[&str; 2]> = names.iter().map(|name| ["help", name]).collect();
    let all = COMMANDS
        .iter()
        .copied()
        .chain(helps.iter().map(|it| &it[..]));
    let all: Vec<&[&str]> = all.chain([&["--help"][..]]).collect();
    let mut coloured = BTreeSet::new();
    for (columns, environment) in [
        (60, json!({"TERM": "xterm"})),
        (200, json!({"TERM": "xterm"})),
        (60, json!({"TERM": "xterm", "NO_COLOR": "1"})),
        (60, json!({"TERM": "dumb"})),
    ] {
        let run = |words: &&[&str]| json!({"columns": columns, "environment": environment, "command": command(words)});
        let runs: Vec<Value> = all.iter().map(run).collect();
        let Some(results) = ask(&home.0, "batch", &json!(runs)) else {
            return;
        };
        for (words, result) in all.iter().zip(results.as_array().expect("a list")) {
            let output = result["output"].as_str().expect("text");
            assert!(!output.is_empty() || words[0] == "keys", "{words:?}");
            let is_plain = environment["TERM"] == "dumb" || environment["NO_COLOR"] == "1";
            assert!(
                !is_plain || !output.contains('\u{1b}'),
                "{words:?}: {output:?}"
            );
            if output.contains('\u{1b}') {
                coloured.insert(words[0]);
            }
            for line in without_colours(output).lines() {
                let line = line.trim_end_matches('\r');
                assert!(
                    width(line) <= columns || is_excused(line),
                    "{words:?} at {columns}: {line:?} in {output}"
                );
            }
        }
    }
    assert!(
        coloured.contains("status") && coloured.contains("integrations"),
        "{coloured:?}"
    );
}

#[test]
fn in_a_pipe_nothing_is_cut_and_every_line_has_its_date() {
    let (home, _daemon) = stage();
    let mut history = program(&home.0, &["history", "-c", "webchat", "-p", "ana"]);
    history.env("TZ", "<-03>3").env("COLUMNS", "40");
    let output = history.output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().count(), 2, "{text}");
    let first = text.lines().next().expect("a line");
    assert!(first.contains("on and on, 日本語 included, "), "{first}");
    assert!(first.contains(" m-1") && first.starts_with("20"), "{first}");
    assert!(!text.contains('\u{1b}') && !text.contains("--"), "{text}");
}

#[test]
fn chat_keeps_the_line_that_is_typed_while_messages_come_in() {
    let daemon = Shared::daemon();
    let send = command(&["send", "-c", "webchat", "-t", "pty-ana", "hello there"]);
    let steps = json!([
        {"expect": "pty-ana> "},
        {"type": "draft text"},
        {"expect": "pty-ana> draft text"},
        {"run": send},
        {"expect": "bot: hello there"},
        {"expect": "pty-ana> draft text"},
        {"screen": "incoming"},
        {"type": "\u{1}X\u{5}!\u{1b}[D\u{1b}[D"},
        {"expect": "pty-ana> Xdraft text!"},
        {"type": "\r"},
        {"expect": "pty-ana: Xdraft text!"},
        {"type": "\u{1b}[A"},
        {"expect": "pty-ana> Xdraft text!"},
        {"screen": "recalled"},
        {"type": "\u{15}\u{4}"},
    ]);
    let asked = json!({"columns": 60, "environment": {"TERM": "xterm"}, "steps": steps,
        "command": command(&["chat", "--peer", "pty-ana"])});
    let Some(told) = ask(&daemon.home, "talk", &asked) else {
        return;
    };
    assert_eq!(
        (&told["code"], &told["restored"]),
        (&json!(0), &json!(true)),
        "{told}"
    );
    let screen = |name: &str| {
        let lines = told["screens"][name].as_array().expect("lines").iter();
        let lines: Vec<String> = lines
            .map(|line| line.as_str().expect("text").to_owned())
            .collect();
        lines
    };
    let incoming = screen("incoming");
    assert_eq!(
        incoming.last().map(String::as_str),
        Some("pty-ana> draft text")
    );
    let above = &incoming[incoming.len() - 2];
    assert!(above.ends_with(" bot: hello there"), "{incoming:?}");
    let clock = above.split(' ').next().expect("a time");
    assert!(clock.len() == 5 && clock.as_bytes()[2] == b':', "{above}");
    let recalled = screen("recalled");
    assert_eq!(
        recalled.last().map(String::as_str),
        Some("pty-ana> Xdraft text!")
    );
    let history = done(&daemon.home, &["history", "-c", "webchat", "-p", "pty-ana"]);
    assert!(history.contains("Xdraft text!"), "{history}");
}

#[test]
fn a_signal_that_ends_chat_leaves_the_terminal_as_it_was() {
    let daemon = Shared::daemon();
    for signal in [2, 15, 1] {
        let steps = json!([{"expect": "pty-rui> "}, {"type": "half"}, {"expect": "half"}, {"signal": signal}]);
        let asked = json!({"columns": 60, "environment": {"TERM": "xterm"}, "steps": steps,
            "command": command(&["chat", "--peer", "pty-rui"])});
        let Some(told) = ask(&daemon.home, "talk", &asked) else {
            return;
        };
        assert_eq!(told["restored"], true, "signal {signal}: {told}");
    }
}

#[test]
fn send_says_that_it_waits_and_gives_up_in_time() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    done(&home.0, &["integrations", "stop", "webchat"]);
    let line = [
        "send",
        "-c",
        "webchat",
        "-t",
        "ana",
        "--wait",
        "--timeout",
        "1",
        "Hi",
    ];
    let asked =
        json!([{"columns": 200, "environment": {"TERM": "xterm"}, "command": command(&line)}]);
    let Some(told) = ask(&home.0, "batch", &asked) else {
        return;
    };
    let output = told[0]["output"].as_str().expect("text");
    assert_eq!(told[0]["code"], 1, "{output}");
    for text in [
        "waiting for m-1",
        "queued m-1",
        "not sent within 1 s",
        "cleudocodebot outbox",
    ] {
        assert!(output.contains(text), "{text}: {output}");
    }
}
