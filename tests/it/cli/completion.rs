//! The completion scripts, sourced in their shells beside a running daemon.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::{Daemon, Scratch, done, program};

/// What the program itself proposes for a line.
fn proposed(home: &Path, words: &[&str]) -> Vec<String> {
    let line = [&["complete", "--"][..], words].concat();
    done(home, &line).lines().map(str::to_owned).collect()
}

/// A daemon with a person by name, and a key.
fn stage() -> (Scratch, Daemon) {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let payload = json!({"channel": "webchat", "peer": "visitor-7", "text": "Hello"});
    done(&home.0, &["call", "receive", &payload.to_string()]);
    done(&home.0, &["keys", "add", "phone"]);
    (home, daemon)
}

/// What every shell is asked: a line, and a word that has to be among the answers.
const ASKED: [(&[&str], &str); 6] = [
    (&["sta"], "status"),
    (&["send", "--channel", "web"], "webchat"),
    (&["send", "-c", "webchat", "-t", "visi"], "visitor-7"),
    (&["keys", "revoke", ""], "k-1"),
    (
        &["config", "get", "CLEUDOCODEBOT_LOG_L"],
        "CLEUDOCODEBOT_LOG_LEVEL",
    ),
    (&["integrations", "restart", "w"], "webchat"),
];

#[test]
fn the_program_proposes_what_the_daemon_has() {
    let (home, _daemon) = stage();
    for (words, expected) in ASKED {
        let found = proposed(&home.0, words);
        let words_of = found.iter().map(|line| line.split('\t').next());
        assert!(
            words_of.flatten().any(|word| word == expected),
            "{words:?}: {found:?}"
        );
    }
    assert_eq!(
        proposed(
            &home.0,
            &["conversations", "read", "webchat", "visitor-7", ""]
        )[0],
        "m-1\tHello"
    );
    assert_eq!(proposed(&home.0, &["send", "-f", ""]), [":files"]);
    assert!(
        proposed(&home.0, &["--ho"])
            .contains(&"--home\tFolder of .env, messages and logs".to_owned())
    );
}

#[test]
fn without_a_daemon_what_needs_none_is_proposed() {
    let home = Scratch::new();
    assert_eq!(proposed(&home.0, &["send", "-c", ""]), Vec::<String>::new());
    assert!(!proposed(&home.0, &["config", "set", ""]).is_empty());
    assert_eq!(proposed(&home.0, &["integrations", "sto"]), ["stop"]);
    assert_eq!(
        proposed(&home.0, &["no-such-command", ""]).len(),
        proposed(&home.0, &[""]).len()
    );
}

/// What a shell says to a text on its standard input; none where it is not installed.
fn shell(home: &Path, name: &str, arguments: &[&str], text: &str) -> Option<String> {
    let ours = program(home, &[]);
    let mut shell = Command::new(name);
    for (name, value) in ours.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_cleudocodebot"))
        .parent()
        .expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let run = shell
        .args(arguments)
        .arg(text)
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("HOME", home)
        .stdin(Stdio::null())
        .output();
    let Ok(output) = run else {
        eprintln!("skipped: no {name} here");
        return None;
    };
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name}: {output:?}");
    Some(told)
}

#[test]
fn bash_completes_what_the_daemon_has() {
    let (home, _daemon) = stage();
    let mut text = "source <(cleudocodebot completions bash)\n".to_owned();
    for (words, _) in ASKED {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        text += &format!(
            "COMP_WORDS=(cleudocodebot {}); COMP_CWORD={}; _cleudocodebot; echo \"${{COMPREPLY[*]}}\"\n",
            words.join(" "),
            words.len()
        );
    }
    let Some(told) = shell(&home.0, "bash", &["-c"], &text) else {
        return;
    };
    expect_all("bash", &told);
}

#[test]
fn fish_completes_what_the_daemon_has() {
    let (home, _daemon) = stage();
    let mut text = "cleudocodebot completions fish | source\n".to_owned();
    for (words, _) in ASKED {
        let line = words.join(" ");
        text += &format!("complete -C 'cleudocodebot {line}' | string join ' '\n");
    }
    // What joins nothing has failed, to fish.
    text += "true\n";
    let Some(told) = shell(&home.0, "fish", &["-c"], &text) else {
        return;
    };
    expect_all("fish", &told);
}

/// The words that `_describe` is handed: the list itself needs a terminal, on which zsh draws it.
#[test]
fn zsh_completes_what_the_daemon_has() {
    let (home, _daemon) = stage();
    let mut text = "_describe() { echo \"${(@P)3}\" }\n\
                    source <(cleudocodebot completions zsh)\n"
        .to_owned();
    for (words, _) in ASKED {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        text += &format!(
            "words=(cleudocodebot {}); CURRENT={}; _cleudocodebot\n",
            quoted.join(" "),
            words.len() + 1
        );
    }
    let Some(told) = shell(&home.0, "zsh", &["-fc"], &text) else {
        return;
    };
    expect_all("zsh", &told);
}

fn expect_all(shell: &str, told: &str) {
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), ASKED.len(), "{shell}: {told}");
    for (line, (words, expected)) in lines.iter().zip(ASKED) {
        assert!(line.contains(expected), "{shell} {words:?}: {line}");
    }
}
