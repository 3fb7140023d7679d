//! What a limited key could learn of others from answers that say nothing of them: files, channels, errors.

use serde_json::{Value, json};

use super::{bearer, done, refusal};
use crate::support::{Daemon, Gateway, Scratch};

fn limited(daemon: &Daemon) -> Gateway {
    let more = json!({"role": "operator", "peers": ["webchat/ana"]});
    bearer(daemon, "ana's", &more)
}

fn upload(gateway: &Gateway, name: &str) -> Value {
    let headers = format!(
        "{}Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"{name}\"",
        gateway.authorization()
    );
    let (status, body) = gateway.post("/media", &headers, "what only bia has");
    assert_eq!(status, 201, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

#[test]
fn file_that_others_have_is_as_new() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let first = upload(&daemon, "of bia.txt");
    let key = limited(&daemon);
    let guessed = upload(&key, "a guess.txt");
    assert_eq!(guessed["media_id"], first["media_id"]);
    let row = done(&key, "media", &json!({"media_id": first["media_id"]}));
    for answer in [&guessed, &row] {
        assert!(
            answer["created_ms"].is_null() && answer["references"].is_null(),
            "{answer}"
        );
        assert!(answer["name"].is_null(), "{answer}");
    }
    assert_eq!(guessed["duplicate"], false);
    assert_eq!(upload(&daemon, "again.txt")["duplicate"], true);
}

#[test]
fn names_of_channels_are_not_told_to_those_they_are_not_for() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = limited(&daemon);
    let list = json!({"channel": "secretfax", "to": ["x", "y"], "text": "x"});
    let (code, words) = refusal(&key, "send", &list);
    assert_eq!(code, "forbidden", "{words}");
    assert!(
        words.contains("limited to") && !words.contains("there are"),
        "{words}"
    );
}

#[test]
fn channels_and_numbers_are_not_told_by_what_is_wrong_with_them() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = limited(&daemon);
    for (channel, to) in [("secretfax", "1"), ("whatsapp", "abc"), ("webchat", "bia")] {
        let send = json!({"channel": channel, "to": to, "text": "x"});
        let schedule = json!({"name": "q", "every": "1d", "send": send});
        let several = json!({"channel": channel, "to": [to], "text": "x"});
        for (action, payload) in [("schedule.add", &schedule), ("send", &several)] {
            let (code, words) = refusal(&key, action, payload);
            assert_eq!(code, "forbidden", "{action} {channel}: {words}");
            assert!(words.contains("limited to"), "{words}");
        }
    }
    let asked = json!({"channel": "whatsapp", "peer": "11 98765-4321"});
    let history = done(&key, "history", &asked);
    assert_eq!(history["peer"], "11 98765-4321", "{history}");
}

#[test]
fn which_channels_there_are_is_not_told_to_who_announces_one() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let reader = bearer(&daemon, "reader", &json!({"role": "read"}));
    for channel in ["telegram", "secretfax", "no name at all"] {
        let announced = json!({"client": {"kind": "integration", "channel": channel}});
        let answer = reader.raw_websocket(true).call("auth", &announced);
        assert_eq!(answer["code"], "forbidden", "{channel}: {answer}");
    }
}

#[test]
fn agents_tell_nothing_of_what_they_did_for_others() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = limited(&daemon);
    let mut clerk = daemon.raw_websocket(true);
    let announced = json!({"client": {"kind": "agent", "name": "clerk"}});
    assert_eq!(clerk.call("auth", &announced)["code"], Value::Null);
    for action in ["agents", "status"] {
        let told = |of: &Gateway| done(of, action, &json!({}))["agents"][0].clone();
        assert!(told(&daemon)["counters"]["turns"].is_number(), "{action}");
        assert_eq!(told(&key)["counters"], json!({}), "{action}");
    }
}

#[test]
fn limit_that_is_misspelt_or_empty_makes_no_key() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let misspelt = json!({"name": "phone", "peer": ["webchat/ana"]});
    for action in ["key.add", "key.pair"] {
        let (code, words) = refusal(&daemon, action, &misspelt);
        assert_eq!(code, "bad_payload");
        assert!(
            words.contains("\"peer\"") && words.contains("peers"),
            "{words}"
        );
    }
}
