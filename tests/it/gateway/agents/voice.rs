//! Voice notes reach an agent as text, and as what they are where that fails.

use std::path::Path;

use serde_json::{Value, json};

use super::{CHANNEL, agent, bridge, daemon_with, done, hand_in, offered};
use crate::support::{Scratch, assert_field};

/// The message of a voice note that `command` turns into text, and the turn it became.
async fn heard(home: &Path, command: &str) -> (Value, Value) {
    let daemon = daemon_with(home, &[("TRANSCRIBE_COMMAND", command)]);
    let (mut pi, mut bridge) = (agent(&daemon, "clerk").await, bridge(&daemon).await);
    // `OggS`, which is all that the commands here look at.
    let note = json!({"kind": "voice", "mime": "audio/ogg", "data": "T2dnUw=="});
    let said = json!({"channel": CHANNEL, "peer": "ana", "kind": "voice", "media": note});
    let id = hand_in(&mut bridge, &said).await;
    let turn = offered(&mut pi).await;
    done(&mut pi, &turn, "ok").await;
    let asked = json!({"message_id": id});
    let message = pi.call("message", &asked).await.expect("known");
    (message["message"].clone(), turn)
}

#[tokio::test]
async fn a_voice_note_is_heard_once_and_its_text_is_kept() {
    let home = Scratch::new();
    let (message, turn) = heard(&home.0, "printf 'bom dia, '; cat").await;
    assert_field(&turn, "kind", "voice");
    assert_field(&turn, "transcript", "bom dia, OggS");
    assert_field(&turn["media"], "transcript", "bom dia, OggS");
    assert_field(&message["media"], "transcript", "bom dia, OggS");
}

#[tokio::test]
async fn a_voice_note_that_cannot_be_heard_is_offered_as_one() {
    let home = Scratch::new();
    let (message, turn) = heard(&home.0, "echo no model >&2; exit 1; :").await;
    assert_field(&turn, "kind", "voice");
    assert_eq!(turn.get("transcript"), None, "{turn}");
    assert_eq!(message["media"].get("transcript"), None, "{message}");
    let said = turn["message"].as_str().expect("a text");
    assert!(said.contains("voice"), "{said}");
}
