//! What each command makes of its options.

use std::time::Duration;

use serde_json::json;

use super::{parsed, refused};
use crate::{
    cli::{
        commands::{
            MissingCommand,
            about::completions::{CompletionsCommand, Shell},
            gateway::{call::CallCommand, clients::ClientsCommand, events::EventsCommand},
            health::{
                doctor::DoctorCommand, logs::LogsCommand, ping::PingCommand, status::StatusCommand,
            },
            lifecycle::{daemon::DaemonCommand, stop::StopCommand},
            messages::{chat::ChatCommand, history::HistoryCommand, send::SendCommand},
            settings::{
                config::{ConfigAction, ConfigCommand},
                reload::ReloadCommand,
                token::TokenCommand,
            },
        },
        installed_daemon::ServiceOptions,
    },
    log::LogLevel,
};

#[test]
fn commands_without_options_are_their_name() {
    let _: MissingCommand = parsed(&[]);
    assert_eq!(
        parsed::<DaemonCommand>(&["daemon"]),
        DaemonCommand { quiet: false }
    );
    let plain = ServiceOptions::default();
    let json = ServiceOptions {
        json: true,
        ..plain
    };
    assert_eq!(parsed::<StopCommand>(&["stop"]), StopCommand(plain));
    assert_eq!(parsed::<StatusCommand>(&["status"]), StatusCommand(plain));
    assert_eq!(
        parsed::<StatusCommand>(&["status", "--json"]),
        StatusCommand(json)
    );
    assert_eq!(
        parsed::<ClientsCommand>(&["clients", "--json"]),
        ClientsCommand { json: true }
    );
    assert_eq!(
        parsed::<ReloadCommand>(&["reload"]),
        ReloadCommand { json: false }
    );
    assert_eq!(
        parsed::<DoctorCommand>(&["doctor", "--json"]),
        DoctorCommand { json: true }
    );
    assert_eq!(parsed::<TokenCommand>(&["token"]), TokenCommand::Show);
    assert_eq!(
        parsed::<TokenCommand>(&["token", "rotate"]),
        TokenCommand::Rotate
    );
    let completions: CompletionsCommand = parsed(&["completions", "fish"]);
    assert_eq!(completions.shell, Shell::Fish);
}

#[test]
fn ping_counts_four_a_second_apart_unless_told() {
    let ping = |count, millis, json| {
        let interval = Duration::from_millis(millis);
        PingCommand {
            count,
            interval,
            json,
        }
    };
    assert_eq!(parsed::<PingCommand>(&["ping"]), ping(4, 1000, false));
    assert_eq!(
        parsed::<PingCommand>(&["ping", "-c0", "-i", "0.2", "--json"]),
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

fn sent(line: &[&str]) -> SendCommand {
    parsed(line)
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
    assert!(refused(&["message", "sned"]).contains("did you mean send?"));
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
        "--timeout",
        "30",
        "--json",
    ];
    let command = sent(&line);
    let media = json!({"kind": "image", "url": "http://x/"});
    let expected = json!({"channel": "a", "to": "b", "reply_to": "m-1", "media": media,
        "idempotency_key": "k"});
    assert_eq!((command.payload, command.json), (expected, true));
    let thirty = Some(Duration::from_secs(30));
    assert_eq!((command.wait, command.timeout), (true, thirty));
    let line = ["send", "-c", "a", "-t", "b", "--timeout", "1", "x"];
    assert!(refused(&line).contains("--timeout needs --wait"));
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
    assert!(send(&["x", "--media-kind", "image"]).contains("needs --file or --media-url"));
    assert!(send(&["-f", "a", "--media-url", "http://a/"]).contains("do not go together"));
    assert!(send(&["-f", "a", "--voice", "--media-kind", "image"]).contains("do not go together"));
    assert!(send(&["--voice", "x"]).contains("--voice needs --file"));
    assert!(send(&["-f", "-", "-"]).contains("cannot be both"));
    assert!(send(&["-f", "-", "-f", "-"]).contains("only one file"));
    assert!(send(&["-f", "a", "-f", "b", "--name", "c"]).contains("needs one --file"));
    let album = sent(&[
        "send",
        "-c",
        "a",
        "-t",
        "b",
        "-f",
        "x/a,1.png",
        "-f",
        "b.ogg",
        "look",
    ]);
    let names: Vec<_> = album
        .files
        .iter()
        .map(|file| file.name.as_deref())
        .collect();
    assert_eq!(names, [Some("a,1.png"), Some("b.ogg")]);
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
        parsed::<HistoryCommand>(&line),
        HistoryCommand {
            payload,
            words: None,
            json: true
        }
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
    let events = |payload, are_topics_named| EventsCommand {
        payload,
        json: false,
        are_topics_named,
    };
    assert_eq!(parsed::<EventsCommand>(&["events"]), events(topics, false));
    let named = json!({"topics": ["a", "b", "c"], "since": 5});
    let line = ["events", "--topics", "a,b", "--topics=c", "--since", "5"];
    assert_eq!(parsed::<EventsCommand>(&line), events(named, true));
}

#[test]
fn chat_and_logs_read_their_options() {
    let peer = Some("ada".to_owned());
    assert_eq!(
        parsed::<ChatCommand>(&["chat", "-p", "ada"]),
        ChatCommand { peer }
    );
    let logs = LogsCommand {
        follow: true,
        lines: 9,
        level: Some(LogLevel::Warn),
        json: false,
    };
    assert_eq!(
        parsed::<LogsCommand>(&["logs", "-fn9", "--level", "warn"]),
        logs
    );
    assert!(refused(&["logs", "--level", "loud"]).contains("expected one of error, warn"));
}

#[test]
fn call_takes_an_object_or_standard_input() {
    let call = |payload| {
        let action = "ping".to_owned();
        CallCommand {
            action,
            payload,
            raw: false,
        }
    };
    assert_eq!(
        parsed::<CallCommand>(&["call", "ping"]),
        call(Some(json!({})))
    );
    assert_eq!(
        parsed::<CallCommand>(&["call", "ping", "{\"a\":1}"]),
        call(Some(json!({"a": 1})))
    );
    assert_eq!(parsed::<CallCommand>(&["call", "ping", "-"]), call(None));
    assert!(refused(&["call"]).contains("ACTION is missing"));
    assert!(refused(&["call", "ping", "{"]).contains("no JSON object"));
    assert!(refused(&["call", "ping", "[]"]).contains("it is []"));
}

#[test]
fn config_shows_gets_sets_and_unsets() {
    let config = |action| ConfigCommand {
        action,
        show_secrets: false,
        force: false,
        json: false,
    };
    let key = || "A".to_owned();
    assert_eq!(
        parsed::<ConfigCommand>(&["config"]),
        config(ConfigAction::Show)
    );
    assert_eq!(
        parsed::<ConfigCommand>(&["config", "get", "A"]),
        config(ConfigAction::Get(key()))
    );
    let set = ConfigAction::Set(key(), Some("1".to_owned()));
    assert_eq!(
        parsed::<ConfigCommand>(&["config", "set", "A", "1"]),
        config(set)
    );
    let from_input = ConfigAction::Set(key(), None);
    assert_eq!(
        parsed::<ConfigCommand>(&["config", "set", "A", "-"]),
        config(from_input)
    );
    assert_eq!(
        parsed::<ConfigCommand>(&["config", "unset", "A"]),
        config(ConfigAction::Unset(key()))
    );
    assert!(refused(&["config", "set", "A"]).contains("VALUE is missing"));
    assert!(refused(&["config", "sett"]).contains("expected show, get"));
}
