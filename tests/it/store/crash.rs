//! kill -9 at random moments: what was acknowledged is stored, once and in order.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Daemon, Frame, Raw, Scratch, assert_field};

/// How often the daemon is killed.
const KILLS: usize = 50;

/// Sends pipelined before each kill.
const SENDS: usize = 60;

/// Acknowledged sends that all kills together must leave, so that the test means something.
const ENOUGH: usize = 1000;

fn send(raw: &mut Raw, key: usize) {
    let command = json!({"type": "command", "action": "send", "id": key, "payload":
        {"channel": "webchat", "to": "ana", "text": format!("text {key}"), "idempotency_key": format!("k{key}")}});
    raw.text(&command.to_string());
}

/// Reads `stop_after` answers, fewer if the connection ends: key and message id of each.
fn acknowledged(raw: &mut Raw, stop_after: usize) -> Vec<(u64, String)> {
    let mut seen = Vec::new();
    while seen.len() < stop_after {
        let Some(Frame::Text(text)) = raw.frame() else {
            break;
        };
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        let id = answer["payload"]["message_id"]
            .as_str()
            .expect("a message id")
            .to_owned();
        seen.push((answer["id"].as_u64().expect("an id"), id));
    }
    seen
}

#[test]
fn fifty_kills_lose_nothing() {
    let home = Scratch::new();
    let mut known: Vec<(u64, String)> = Vec::new();
    for life in 0..KILLS {
        let mut daemon = Daemon::start(&home.0);
        let mut raw = daemon.raw_websocket(true);
        for key in 0..SENDS {
            send(&mut raw, life * SENDS + key);
        }
        let chance = usize::try_from(cleudocodebot::random::seed() % SENDS as u64).expect("small");
        println!("life {life} ends after {chance} answers");
        let before = acknowledged(&mut raw, chance);
        daemon.kill();
        known.extend(before);
        known.extend(acknowledged(&mut raw, SENDS));
    }
    let daemon = Daemon::start(&home.0);
    assert!(
        known.len() >= ENOUGH,
        "only {} were acknowledged",
        known.len()
    );

    let mut raw = daemon.raw_websocket(true);
    let last = raw.replay_messages();
    let mut texts = HashSet::new();
    for seq in 1..=last {
        let event = raw.json()["payload"].take();
        assert_eq!(event["seq"], seq, "no gap and no repeat");
        let key = event["text"]
            .as_str()
            .and_then(|text| text.strip_prefix("text "))
            .expect("our text")
            .to_owned();
        assert!(texts.insert((event["message_id"].as_str().expect("an id").to_owned(), key)));
    }
    for (key, id) in &known {
        assert!(
            texts.contains(&(id.clone(), key.to_string())),
            "{key} was acknowledged as {id} and is gone"
        );
    }
    for (key, id) in known.iter().step_by(17) {
        send(&mut raw, usize::try_from(*key).expect("small"));
        let answer = raw.json();
        assert_field(
            &answer,
            "payload",
            json!({"message_id": id, "state": "queued", "duplicate": true}),
        );
    }
}
