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
