//! What people really send and services really answer, kind by kind: each payload is given to a daemon as
//! its service gives it, and what becomes of it is asserted row by row. Names and numbers are invented.
//!
//! Not here: how an integration runs (`evolution`, `telegram`, `cloud` beside this folder).

mod cloud;
mod evolution;
mod settings;
mod telegram;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::wrong_fields;

/// What is wrong with the rows of a table, all of them told at the end.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    /// Checks one value by the fields that it should have.
    fn check(&mut self, row: &str, found: &Value, expected: &Value) {
        let wrong = wrong_fields(found, expected);
        if !wrong.is_empty() {
            self.0
                .push(format!("{row}: {}\n  in {found}", wrong.join("\n  ")));
        }
    }

    /// Checks what was stored of one payload: one message with these fields, none where `null` is
    /// expected.
    fn stored(&mut self, row: &str, found: &[Value], expected: &Value) {
        match (found, expected) {
            ([], Value::Null) => {}
            ([one], Value::Object(_)) => self.check(row, one, expected),
            (found, _) => {
                let count = found.len();
                self.0
                    .push(format!("{row}: {count} messages stored: {}", json!(found)));
            }
        }
    }

    /// Fails with all that was found.
    #[track_caller]
    fn end(self) {
        let count = self.0.len();
        assert!(count == 0, "{count} rows are wrong:\n{}", self.0.join("\n"));
    }
}

/// The messages of one conversation, oldest first.
async fn conversation(client: &mut Client, channel: &str, peer: &str) -> Vec<Value> {
    let query = json!({"channel": channel, "peer": peer, "limit": 50});
    let page = client.call("history", &query).await.expect("a page");
    page["messages"].as_array().expect("messages").clone()
}

/// The peers of all conversations of a channel.
async fn peers(client: &mut Client, channel: &str) -> Vec<String> {
    let page = client.call("conversations", &json!({"limit": 200})).await;
    let page = page.expect("a page");
    let all = page["conversations"].as_array().expect("conversations");
    let of_channel = all.iter().filter(|one| one["channel"] == channel);
    let mut peers: Vec<_> = of_channel
        .map(|one| one["peer"].as_str().expect("a peer").to_owned())
        .collect();
    peers.sort();
    peers
}

/// What becomes of a message that is sent, with these fields besides the usual ones.
async fn send(client: &mut Client, channel: &str, to: &str, more: &Value) -> Value {
    let payload = payload(channel, to, more);
    client.call("send", &payload).await.expect("an outcome")
}

/// The payload of a `send` that waits.
fn payload(channel: &str, to: &str, more: &Value) -> Value {
    with(json!({"channel": channel, "to": to, "wait": true}), more)
}

/// A value with more fields.
fn with(mut value: Value, more: &Value) -> Value {
    for (key, one) in more.as_object().expect("fields") {
        value[key] = one.clone();
    }
    value
}
