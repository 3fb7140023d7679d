//! The command line in Portuguese: nothing that a person reads is English, and what scripts read is.

use std::path::Path;

use crate::support::{Daemon, Scratch, program, run};

/// Words that no Portuguese sentence has.
const ENGLISH: &[&str] = &[
    "the", "is", "not", "with", "of", "and", "to", "are", "was", "were", "this", "that", "from",
    "has", "have", "it", "its", "an", "by", "or", "which", "who", "what", "where", "when", "any",
    "messages", "files", "option", "unknown", "expected", "cannot", "there", "here", "needs",
    "missing", "see", "sent", "failed", "running", "daemon's", "only",
];

/// What the program says in Portuguese: exit code, standard output and standard error.
fn told(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = program(home, arguments);
    command.env_remove("LC_ALL").env("LANG", "pt_BR.UTF-8");
    run(command)
}

/// The English words of a text, outside of what stays as it is: lines to type, quotes, keys, flags, paths.
fn english(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_example = false;
    for line in text.lines() {
        // The line below a comment in the examples of help is one to type.
        let is_to_type = std::mem::replace(&mut is_example, line.starts_with("  # "));
        if is_to_type {
            continue;
        }
        for words in prose(line).split(|c: char| c.is_whitespace() || "()[]<>|;,:!?".contains(c)) {
            let word = words.trim_matches(|c: char| !c.is_alphanumeric());
            let is_code =
                word.contains(['/', '_', '=', '.', '@', '-']) || words.starts_with(['-', '$']);
            if !is_code && ENGLISH.contains(&word) {
                found.push(format!("{word:?} in {line:?}"));
            }
        }
    }
    found
}

/// A line without quotes, and without command lines up to their end.
fn prose(line: &str) -> String {
    let mut prose = String::new();
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 0 {
            prose.push_str(part);
        }
    }
    let mut unquoted = String::new();
    for (index, part) in prose.split('"').enumerate() {
        if index % 2 == 0 {
            unquoted.push_str(part);
        }
    }
    let mut parts = unquoted.split("cleudocodebot ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for command in parts {
        let end = command.find([';', ',', ')', '(']).unwrap_or(command.len());
        kept.push_str(&command[end..]);
    }
    kept
}

/// Runs each and gathers what is English in it.
fn check<'a>(home: &Path, lines: impl IntoIterator<Item = &'a str>) {
    let mut wrong = Vec::new();
    for line in lines {
        let arguments: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let (_, out, err) = told(home, &arguments);
        assert!(!out.is_empty() || !err.is_empty(), "{line} says nothing");
        let found = english(&out).into_iter().chain(english(&err));
        wrong.extend(found.map(|what| format!("{line}: {what}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn help_is_portuguese() {
    let home = Scratch::new();
    let (_, all, _) = told(&home.0, &["--help"]);
    let commands = all.split("Comandos:\n").nth(1).expect("a list of commands");
    let commands = commands.lines().take_while(|line| line.starts_with("  "));
    let names: Vec<&str> = commands
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 30, "{all}");
    let lines: Vec<String> = names.iter().map(|name| format!("{name} --help")).collect();
    check(
        &home.0,
        lines.iter().map(String::as_str).chain(["--help", ""]),
    );
}

#[test]
fn wrong_command_lines_are_explained_in_portuguese() {
    let home = Scratch::new();
    check(
        &home.0,
        [
            "statsu",
            "wholly-unknown",
            "status --jsn",
            "status -x",
            "status --json=1",
            "history --limit many",
            "history --limit 0",
            "history --peer ana",
            "send",
            "send --channel webchat",
            "send --channel webchat --to ana",
            "send --channel webchat --to ana a b",
            "send --channel webchat --to ana --file /none",
            "ping --interval x",
            "keys add",
            "keys add name --role king",
            "keys add name --expires soon",
            "completions tcsh",
            "config set",
            "config set CLEUDOCODEBOT_PORTT 1",
            "config set CLEUDOCODEBOT_PORT many",
            "config set TELEGRAM_MEDIA some",
            "config get CLEUDOCODEBOT_TOKEN",
            "logs --level loud",
            "--set x status",
            "--home",
            "outbox retry",
            "agent nobody",
            "integrations dance",
            "call",
            "call ping nonsense",
            "media get",
        ],
    );
}

#[test]
fn what_is_said_without_a_daemon_is_portuguese() {
    let home = Scratch::new();
    check(
        &home.0,
        [
            "status",
            "doctor",
            "logs",
            "stop",
            "history",
            "config",
            "token show",
            "store salvage",
            "reload",
        ],
    );
}

#[test]
fn what_is_said_of_a_daemon_is_portuguese() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    check(
        &home.0,
        [
            "send --channel webchat --to ana Bom",
            "status",
            "doctor",
            "integrations",
            "integrations stop webchat",
            "integrations start webchat",
            "integrations start nowhere",
            "integrations forget webchat",
            "agents",
            "agents stop pi",
            "agents retry t-9",
            "agents takeover webchat ana",
            "agents resume webchat ana",
            "agents resume webchat ana",
            "pairing",
            "pairing approve telegram ABCDEFGH",
            "pairing revoke webchat nobody",
            "keys",
            "keys add fone --role read",
            "keys add fone",
            "keys rename fone tablet",
            "keys revoke tablet",
            "keys revoke tablet",
            "keys pair celular",
            "config set CLEUDOCODEBOT_HISTORY_DAYS 30",
            "config get CLEUDOCODEBOT_HISTORY_DAYS",
            "config unset CLEUDOCODEBOT_HISTORY_DAYS",
            "config unset CLEUDOCODEBOT_HISTORY_DAYS",
            "reload",
            "conversations",
            "conversations read webchat ana",
            "outbox",
            "outbox retry m-999",
            "outbox cancel m-1",
            "history -c webchat",
            "media list",
            "media prune",
            "media fetch m-1",
            "media get m-1",
            "ping -c 1",
            "clients",
            "send --channel nowhere --to ana Oi",
            "send --channel whatsapp --to 12 Oi",
            "call nonsense",
            "call send {}",
            "call send {\"channel\":1}",
            "token rotate",
            "stop",
            "stop",
        ],
    );
}

#[test]
fn scripts_and_other_peoples_words_get_no_translation() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    let send = [
        "send",
        "--channel",
        "webchat",
        "--to",
        "sent",
        "the message is already sent",
    ];
    let (code, out, err) = told(&home.0, &send);
    assert!(code == 0 && out.starts_with("queued m-"), "{out}{err}");
    let (_, history, _) = told(&home.0, &["history"]);
    assert!(
        history.contains(" sent -> the message is already sent ["),
        "{history}"
    );
    for arguments in [
        &["config", "--json"][..],
        &["doctor", "--json"],
        &["integrations", "--json"],
    ] {
        let (_, portuguese, _) = told(&home.0, arguments);
        let (_, english, _) = run(program(&home.0, arguments));
        let plain = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        assert_eq!(plain(&portuguese), plain(&english), "{arguments:?}");
    }
}

#[test]
fn the_setting_decides_before_the_system_and_in_a_broken_file_too() {
    let home = Scratch::new();
    let write = |text: &str| {
        cleudocodebot::fs::write_atomic(&home.0.join(".env"), text.as_bytes()).expect("written");
    };
    let english = |arguments: &[&str]| run(program(&home.0, arguments)).2;
    write("CLEUDOCODEBOT_LANG=pt-BR\n");
    assert!(english(&["history"]).contains("nenhum daemon responde"));
    write("CLEUDOCODEBOT_LANG=pt-BR\nthis is no setting\n");
    let broken = english(&["history"]);
    assert!(
        broken.contains("esperava-se `=`") || broken.contains("esperado `=`"),
        "{broken}"
    );
    write("CLEUDOCODEBOT_LANG=en\n");
    let (_, _, err) = told(&home.0, &["history"]);
    assert!(err.contains("no daemon answers"), "{err}");
    let (_, _, err) = told(&home.0, &["--set", "CLEUDOCODEBOT_LANG=pt-BR", "history"]);
    assert!(err.contains("nenhum daemon responde"), "{err}");
    assert!(english(&["config", "set", "CLEUDOCODEBOT_LANG", "klingon"]).contains("en, pt-BR"));
}
