//! The completion scripts, sourced in their shells beside a running daemon.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::{Daemon, Scratch, done, program};

/// How long the daemon may take here, in milliseconds: a machine that runs all tests at once is slow.
const PATIENT: &str = "60000";

/// What the program itself proposes for a line.
fn proposed(home: &Path, words: &[&str]) -> Vec<String> {
    let line = [&["complete", "--within", PATIENT, "--"][..], words].concat();
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
    let read = ["conversations", "read", "webchat", "visitor-7", ""];
    let newest = proposed(&home.0, &read).swap_remove(0);
    assert!(
        newest.starts_with("m-1") && newest.ends_with("\tHello"),
        "{newest}"
    );
    assert_eq!(proposed(&home.0, &["send", "-f", ""]), [":files"]);
    assert!(
        proposed(&home.0, &["--ho"])
            .contains(&"--home\tFolder of .env, messages and logs".to_owned())
    );
}

/// Who presses a key does not wait for a daemon that hangs: it is left out, and what needs none is there.
#[test]
fn a_daemon_that_does_not_answer_is_left_out() {
    let home = Scratch::new();
    // Connections come into being here, and nobody ever reads.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("bound").port().to_string();
    let complete = |words: &[&str]| {
        let line = [&["complete", "--", "--port", &port][..], words].concat();
        let mut command = program(&home.0, &line);
        command.env(
            "CLEUDOCODEBOT_TOKEN",
            "token-0123456789abcdef0123456789abcdef",
        );
        let output = command.output().expect("it runs");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(complete(&["send", "-c", ""]), "");
    assert_eq!(complete(&["integrations", "sto"]), "stop\n");
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

/// A folder with the program, which waits longer for the daemon wherever a script has it complete.
fn patient_program(home: &Path) -> PathBuf {
    let folder = home.join("bin");
    fs::create_dir_all(&folder).expect("made");
    let path = folder.join("cleudocodebot");
    let program = env!("CARGO_BIN_EXE_cleudocodebot");
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = complete ]; then shift; set -- complete --within {PATIENT} \"$@\"; fi\n\
         exec '{program}' \"$@\"\n"
    );
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("executable");
    folder
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
    let bin = patient_program(home);
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

/// A zsh in a terminal of its own, in which the tab key says in braces what became of the line.
const ZSH_IN_A_TERMINAL: &str = r#"
zmodload zsh/zpty
zpty inner 'zsh -f -i'
zpty -w inner 'TMOUT=120; unset zle_bracketed_paste; PROMPT=; autoload -U compinit; compinit -D -u'
zpty -w inner 'source <(cleudocodebot completions zsh)'
zpty -w inner 'finish() { zle complete-word; print -r -- "{$BUFFER}"; BUFFER=; zle reset-prompt }'
zpty -w inner 'zle -N finish; bindkey "^I" finish; print read""y'
zpty -r inner told '*ready*'
asked() {
  zpty -w -n inner "cleudocodebot $1"$'\t'
  zpty -r inner told '*{*}*'
  print -r -- "${${told##*\{}%%\}*}"
}
"#;

/// Typed as far as only one word is left, which zsh then puts into the line: options, commands and values
/// go through different ways of it.
#[test]
fn zsh_completes_what_the_daemon_has() {
    let (home, _daemon) = stage();
    let asked = [
        ("statu", "status"),
        ("send --channel web", "webchat"),
        ("send -c webchat -t visi", "visitor-7"),
        ("keys revoke ", "k-1"),
        ("integrations restart w", "webchat"),
        ("send --chan", "--channel"),
    ];
    let mut text = ZSH_IN_A_TERMINAL.to_owned();
    for (line, _) in asked {
        text += &format!("asked '{line}'\n");
    }
    let Some(told) = shell(&home.0, "zsh", &["-fc"], &text) else {
        return;
    };
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), asked.len(), "{told}");
    for (line, (typed, expected)) in lines.iter().zip(asked) {
        assert!(line.trim_end().ends_with(expected), "{typed:?}: {line}");
    }
}

fn expect_all(shell: &str, told: &str) {
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), ASKED.len(), "{shell}: {told}");
    for (line, (words, expected)) in lines.iter().zip(ASKED) {
        assert!(line.contains(expected), "{shell} {words:?}: {line}");
    }
}
