//! Parsing as a whole: every command, the shared options, and every way to get it wrong.

use std::{ffi::OsString, time::Duration};

use serde_json::json;

use super::{
    args::parse,
    call, chat,
    command::{Command, Invocation},
    completions, config, events, history,
    installation::Style,
    logs, ping, send, table, token,
};
use crate::{error::Error, log::LogLevel};

fn invocation(line: &[&str]) -> Result<Invocation, Error> {
    parse(line.iter().map(OsString::from))
}

fn parsed(line: &[&str]) -> Command {
    invocation(line)
        .unwrap_or_else(|error| panic!("{line:?}: {error}"))
        .command
}

fn refused(line: &[&str]) -> String {
    let error = invocation(line).expect_err("refused");
    assert_eq!(error.exit_code(), 2, "{line:?}");
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

#[test]
fn commands_without_options_are_their_name() {
    assert_eq!(parsed(&[]), Command::Nothing);
    assert_eq!(parsed(&["daemon"]), Command::Daemon { quiet: false });
    let json = Style {
        json: true,
        ..Style::default()
    };
    assert_eq!(parsed(&["stop"]), Command::Stop(Style::default()));
    assert_eq!(parsed(&["status"]), Command::Status(Style::default()));
    assert_eq!(parsed(&["status", "--json"]), Command::Status(json));
    assert_eq!(
        parsed(&["clients", "--json"]),
        Command::Clients { json: true }
    );
    assert_eq!(parsed(&["reload"]), Command::Reload { json: false });
    assert_eq!(
        parsed(&["doctor", "--json"]),
        Command::Doctor { json: true }
    );
    assert_eq!(parsed(&["token"]), Command::Token(token::What::Show));
    assert_eq!(
        parsed(&["token", "rotate"]),
        Command::Token(token::What::Rotate)
    );
    let shell = completions::Shell::Fish;
    assert_eq!(
        parsed(&["completions", "fish"]),
        Command::Completions(shell)
    );
}

#[test]
fn help_and_version_win_wherever_they_stand() {
    assert_eq!(parsed(&["--help"]), Command::Help(None));
    assert_eq!(parsed(&["-V", "nonsense"]), Command::Version);
    assert_eq!(parsed(&["help"]), Command::Help(None));
    assert_eq!(parsed(&["help", "send"]), Command::Help(Some("send")));
    for name in table::names() {
        assert_eq!(parsed(&[name, "-h"]), Command::Help(Some(name)));
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
fn ping_counts_four_a_second_apart_unless_told() {
    let ping = |count, millis, json| {
        let interval = Duration::from_millis(millis);
        Command::Ping(ping::Options {
            count,
            interval,
            json,
        })
    };
    assert_eq!(parsed(&["ping"]), ping(4, 1000, false));
    assert_eq!(
        parsed(&["ping", "-c0", "-i", "0.2", "--json"]),
        ping(0, 200, true)
    );
    for interval in ["-1", "x", "NaN", "inf", "1e9"] {
        assert!(
            refused(&["ping", "-i", interval]).contains("seconds from 0"),
            "{interval}"
        );
    }
    assert!(refused(&["ping", "--count", "-1"]).contains("a whole number from 0"));
}

fn sent(line: &[&str]) -> send::Options {
    match parsed(line) {
        Command::Send(options) => options,
        other => panic!("{other:?}"),
    }
}

#[test]
fn send_and_message_send_mean_the_same() {
    let short = sent(&["send", "-c", "webchat", "-t", "ada", "hi"]);
    assert_eq!(
        short.payload,
        json!({"channel": "webchat", "to": "ada", "text": "hi"})
    );
    let long = [
        "message",
        "send",
        "--channel",
        "webchat",
        "--target",
        "ada",
        "--message",
        "hi",
    ];
    assert_eq!(sent(&long), short);
    assert!(refused(&["message", "sned"]).contains("expected send"));
    assert!(refused(&["message"]).contains("send is missing"));
}

#[test]
fn send_takes_everything_the_action_does() {
    let line = [
        "send",
        "-c",
        "a",
        "--to",
        "b",
        "--reply-to",
        "m-1",
        "--media-url",
        "http://x/",
        "--media-kind",
        "image",
        "--idempotency-key",
        "k",
        "--wait",
        "--json",
    ];
    let options = sent(&line);
    let media = json!({"kind": "image", "url": "http://x/"});
    let expected = json!({"channel": "a", "to": "b", "reply_to": "m-1", "media": media,
        "idempotency_key": "k", "wait": true});
    assert_eq!((options.payload, options.json), (expected, true));
}

#[test]
fn a_text_comes_from_one_place() {
    let from_input = sent(&["send", "-c", "a", "-t", "b", "-"]);
    assert!(from_input.from_input && from_input.payload.get("text").is_none());
    let dashed = sent(&["send", "-c", "a", "-t", "b", "--", "--text"]);
    assert_eq!(dashed.payload["text"], "--text");
    let send = |rest: &[&str]| refused(&[&["send", "-c", "a", "-t", "b"], rest].concat());
    assert!(send(&[]).contains("TEXT is missing"));
    assert!(send(&["-m", "x", "y"]).contains("twice"));
    assert!(send(&["two", "words"]).contains("\"words\" is one argument too many"));
    assert!(send(&["x", "--media-kind", "image"]).contains("needs --media-url"));
    assert!(send(&["x", "--media-kind", "tape"]).contains("expected one of image, video"));
    assert!(refused(&["send", "-t", "b", "x"]).contains("--channel is missing"));
}

#[test]
fn history_asks_for_a_page() {
    let line = [
        "history", "-c", "a", "-p", "b", "-n", "7", "--before", "m-9", "--json",
    ];
    let payload = json!({"channel": "a", "peer": "b", "limit": 7, "before": "m-9"});
    assert_eq!(
        parsed(&line),
        Command::History(history::Options {
            payload,
            json: true
        })
    );
    assert!(refused(&["history", "-p", "b"]).contains("--peer needs --channel"));
    assert!(refused(&["history", "-n", "0"]).contains("from 1 to 1000"));
}

#[test]
fn events_follow_nearly_everything_or_what_was_named() {
    let topics = [
        "message.*",
        "conversation.*",
        "integration.*",
        "client.*",
        "app.*",
    ];
    let topics = json!({"topics": topics});
    let events = |payload| {
        Command::Events(events::Options {
            payload,
            json: false,
        })
    };
    assert_eq!(parsed(&["events"]), events(topics));
    let named = json!({"topics": ["a", "b", "c"], "since": 5});
    let line = ["events", "--topics", "a,b", "--topics=c", "--since", "5"];
    assert_eq!(parsed(&line), events(named));
}

#[test]
fn chat_and_logs_read_their_options() {
    let peer = Some("ada".to_owned());
    assert_eq!(
        parsed(&["chat", "-p", "ada"]),
        Command::Chat(chat::Options { peer })
    );
    let logs = logs::Options {
        follow: true,
        lines: 9,
        level: Some(LogLevel::Warn),
        json: false,
    };
    assert_eq!(
        parsed(&["logs", "-fn9", "--level", "warn"]),
        Command::Logs(logs)
    );
    assert!(refused(&["logs", "--level", "loud"]).contains("expected one of error, warn"));
}

#[test]
fn call_takes_an_object_or_standard_input() {
    let call = |payload| {
        let action = "ping".to_owned();
        Command::Call(call::Options {
            action,
            payload,
            raw: false,
        })
    };
    assert_eq!(parsed(&["call", "ping"]), call(Some(json!({}))));
    assert_eq!(
        parsed(&["call", "ping", "{\"a\":1}"]),
        call(Some(json!({"a": 1})))
    );
    assert_eq!(parsed(&["call", "ping", "-"]), call(None));
    assert!(refused(&["call"]).contains("ACTION is missing"));
    assert!(refused(&["call", "ping", "{"]).contains("no JSON object"));
    assert!(refused(&["call", "ping", "[]"]).contains("it is []"));
}

#[test]
fn config_shows_gets_sets_and_unsets() {
    let config = |what| {
        let (show_secrets, json) = (false, false);
        Command::Config(config::Options {
            what,
            show_secrets,
            json,
        })
    };
    let key = || "A".to_owned();
    assert_eq!(parsed(&["config"]), config(config::What::Show));
    assert_eq!(
        parsed(&["config", "get", "A"]),
        config(config::What::Get(key()))
    );
    let set = config::What::Set(key(), Some("1".to_owned()));
    assert_eq!(parsed(&["config", "set", "A", "1"]), config(set));
    let from_input = config::What::Set(key(), None);
    assert_eq!(parsed(&["config", "set", "A", "-"]), config(from_input));
    assert_eq!(
        parsed(&["config", "unset", "A"]),
        config(config::What::Unset(key()))
    );
    assert!(refused(&["config", "set", "A"]).contains("VALUE is missing"));
    assert!(refused(&["config", "sett"]).contains("expected show, get"));
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
    let Command::History(options) = parsed(&line) else {
        panic!("not history");
    };
    assert_eq!(options.payload["limit"], 2);
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
