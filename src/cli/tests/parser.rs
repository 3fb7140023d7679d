//! The options of all commands, help and version, and every way to get a command line wrong.

use std::ffi::OsString;

use super::{invocation, parsed, refused};
use crate::cli::{
    commands::{
        COMMANDS, HelpCommand, ShortVersionCommand, lifecycle::install::InstallCommand,
        messages::history::HistoryCommand,
    },
    parse,
};

/// The command that this line asks for help about.
fn helped(line: &[&str]) -> Option<&'static str> {
    let help: HelpCommand = parsed(line);
    help.about.map(|spec| spec.name)
}

#[test]
fn only_a_command_told_so_is_about_the_machine() {
    let is_about_the_machine = |line: &[&str]| {
        let parsed = invocation(line).expect("parsed");
        parsed.command.is_about_the_machine()
    };
    for name in [
        "onboard",
        "install",
        "uninstall",
        "start",
        "restart",
        "status",
        "stop",
    ] {
        assert!(is_about_the_machine(&[name, "--system"]), "{name}");
        assert!(!is_about_the_machine(&[name]), "{name}");
    }
    assert!(!is_about_the_machine(&["logs"]));
    let install: InstallCommand = parsed(&["install", "--task", "--system"]);
    assert!(install.task && install.options.system);
}

#[test]
fn help_and_version_win_wherever_they_stand() {
    assert_eq!(helped(&["--help"]), None);
    assert_eq!(
        parsed::<ShortVersionCommand>(&["-V", "nonsense"]),
        ShortVersionCommand
    );
    assert_eq!(helped(&["help"]), None);
    assert_eq!(helped(&["help", "send"]), Some("send"));
    for spec in COMMANDS {
        assert_eq!(helped(&[spec.name, "-h"]), Some(spec.name));
    }
}

#[test]
fn shared_options_stand_before_or_behind_the_command() {
    let line = [
        "--home",
        "/h",
        "status",
        "--port=7",
        "--set",
        "CLEUDOCODEBOT_LOG_LEVEL=debug",
    ];
    let common = invocation(&line).expect("parsed").common;
    assert_eq!(common.overrides.home, Some("/h".into()));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected = [
        pair("CLEUDOCODEBOT_PORT", "7"),
        pair("CLEUDOCODEBOT_LOG_LEVEL", "debug"),
    ];
    assert_eq!(common.overrides.settings, expected);
}

#[test]
fn a_host_is_an_address_to_listen_on_for_a_daemon_only() {
    let line = ["daemon", "--host", "::1", "--no-color", "--env-file", "e"];
    let common = invocation(&line).expect("parsed").common;
    assert!(common.overrides.settings.is_empty() && common.no_color);
    assert_eq!(common.overrides.env_file, Some("e".into()));
    let setting = ("CLEUDOCODEBOT_HOST".to_owned(), "::1".to_owned());
    assert_eq!(common.overrides().settings, [setting]);
}

#[test]
fn a_token_on_the_command_line_is_not_shown_by_debug() {
    let secret = "0123456789abcdef0123456789abcdef";
    let shown = format!(
        "{:?}",
        invocation(&["status", "--token", secret]).expect("parsed")
    );
    assert!(!shown.contains(secret), "{shown}");
}

#[test]
fn a_mistyped_word_is_answered_with_the_nearest_known_one() {
    let told = refused(&["statsu"]);
    let expected = "unknown command \"statsu\"; did you mean status? see: cleudocodebot --help";
    assert_eq!(told, expected);
    let told = refused(&["ping", "--cuont", "1"]);
    let expected = "unknown option --cuont; did you mean --count? see: cleudocodebot ping --help";
    assert_eq!(told, expected);
    assert!(refused(&["frobnicate"]).starts_with("unknown command \"frobnicate\"; see:"));
    assert!(refused(&["status", "-x"]).contains("unknown option -x"));
    assert!(refused(&["help", "pnig"]).contains("did you mean ping?"));
}

#[test]
fn an_option_of_another_command_is_unknown_here() {
    assert!(refused(&["status", "--count", "1"]).contains("unknown option --count"));
    assert!(refused(&["--count", "1", "ping"]).contains("unknown option --count"));
}

#[test]
fn values_are_demanded_refused_and_checked() {
    assert!(refused(&["ping", "--count"]).contains("--count needs N behind it"));
    assert!(refused(&["--home"]).contains("--home needs DIR behind it"));
    assert!(refused(&["status", "--json=yes"]).contains("--json"));
    assert!(refused(&["status", "extra"]).contains("one argument too many"));
    assert!(refused(&["daemon", "--set", "PORT"]).contains("KEY=VALUE"));
    assert!(refused(&["daemon", "--set", "CLEUDOCODEBOT_PORT=x"]).contains("whole number"));
    assert!(refused(&["daemon", "--set", "CLEUDOCODEBOT_PROT=1"]).contains("CLEUDOCODEBOT_PORT"));
}

#[test]
fn of_an_option_that_comes_twice_the_last_counts() {
    let line = ["history", "--limit", "1", "--limit", "2"];
    let history: HistoryCommand = parsed(&line);
    assert_eq!(history.payload["limit"], 2);
}

#[cfg(unix)]
#[test]
fn a_path_may_be_any_bytes_and_a_text_may_not() {
    use std::os::unix::ffi::OsStringExt as _;
    let odd = || OsString::from_vec(vec![b'/', 0xff]);
    let line = |option: &str| [OsString::from(option), odd(), OsString::from("status")];
    let common = parse(line("--home")).expect("parsed").common;
    assert_eq!(common.overrides.home, Some(odd().into()));
    let error = parse(line("--host")).expect_err("refused");
    assert!(error.to_string().contains("not Unicode"), "{error}");
}
