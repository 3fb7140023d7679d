//! A bridge of one's own: a client that is the integration of a channel.

mod attach;
mod outcomes;
mod pressure;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{Daemon, next_event};

/// The channel of most tests.
const CHANNEL: &str = "discord-bridge";

/// A client that is the bridge of this channel.
async fn bridge_of(daemon: &Daemon, channel: &str) -> Client {
    let mut client = daemon.client().await;
    announce(&mut client, channel).await;
    client
}

async fn bridge(daemon: &Daemon) -> Client {
    bridge_of(daemon, CHANNEL).await
}

async fn announce(client: &mut Client, channel: &str) {
    let who = json!({"client": {"name": "test", "kind": "integration", "channel": channel}});
    let hello = client.call("auth", &who).await.expect("taken");
    assert_eq!(hello["protocol"], 1);
}

/// Queues a message for the channel; its id.
async fn send(client: &mut Client, to: &str, text: &str) -> Value {
    let payload = json!({"channel": CHANNEL, "to": to, "text": text});
    client.call("send", &payload).await.expect("queued")["message_id"].take()
}

/// The next message that is handed to this bridge.
async fn handed(client: &mut Client) -> Value {
    let event = next_event(client).await;
    assert_eq!(event.action, "deliver");
    event.payload
}

/// Says that a message was sent; the state it has then.
async fn delivered(client: &mut Client, id: &Value) -> Value {
    let payload = json!({"message_id": id});
    client.call("delivered", &payload).await.expect("known")["state"].take()
}

/// Takes a message that was handed over before, which is said of it, and says that it was sent.
async fn takes_again(client: &mut Client, id: &Value) {
    let again = handed(client).await;
    assert_eq!(
        (&again["message_id"], &again["redelivered"]),
        (id, &json!(true))
    );
    assert_eq!(delivered(client, id).await, "sent");
}

/// A message as it is now.
async fn message(client: &mut Client, id: &Value) -> Value {
    let payload = json!({"message_id": id});
    client.call("message", &payload).await.expect("known")["message"].take()
}

/// The channel in `integrations`, where it is there.
async fn status(client: &mut Client) -> Option<Value> {
    let all = client
        .call("integrations", &json!({}))
        .await
        .expect("listed");
    let all = all["integrations"].as_array().expect("a list");
    all.iter().find(|one| one["name"] == CHANNEL).cloned()
}

/// Waits for an event of the channel in this state, of a client that hears `integration.state`.
async fn until_state(client: &mut Client, state: &str) -> Value {
    loop {
        let event = next_event(client).await;
        if event.action == "integration.state"
            && event.payload["name"] == CHANNEL
            && event.payload["state"] == state
        {
            return event.payload;
        }
    }
}

/// Waits for an event of this message in this state, of a client that hears `message.status`.
async fn until_message(client: &mut Client, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let event = next_event(client).await;
        if event.payload["message_id"] == *id && wanted(&event.payload) {
            return event.payload;
        }
    }
}
