//! Bridges: clients of the gateway that are the integration of a channel.

mod attach;
mod outcomes;
mod pressure;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{Gateway, assert_field, assert_fields, event_where, next_event};

/// The channel of tests with a daemon of their own; others shadow it with one that is theirs alone.
const CHANNEL: &str = "discord-bridge";

/// A client that is the bridge of this channel.
async fn bridge_of(daemon: &Gateway, channel: &str) -> Client {
    let mut client = daemon.client().await;
    announce(&mut client, channel).await;
    client
}

async fn announce(client: &mut Client, channel: &str) {
    let who = json!({"client": {"name": "test", "kind": "integration", "channel": channel}});
    let hello = client.call("auth", &who).await.expect("taken");
    assert_field(&hello, "protocol", 1);
}

/// Queues a message for the channel; its id.
async fn send(client: &mut Client, channel: &str, to: &str, text: &str) -> Value {
    let payload = json!({"channel": channel, "to": to, "text": text});
    client.call("send", &payload).await.expect("queued")["message_id"].take()
}

/// The next delivery to this bridge.
async fn delivery(client: &mut Client) -> Value {
    let event = next_event(client).await;
    assert_eq!(event.action, "deliver");
    event.payload
}

/// Reports that a message was sent; its state then.
async fn delivered(client: &mut Client, id: &Value) -> Value {
    let payload = json!({"message_id": id});
    client.call("delivered", &payload).await.expect("known")["state"].take()
}

/// Expects a delivery that is marked as repeated, and reports that it was sent.
async fn accept_redelivery(client: &mut Client, id: &Value) {
    let again = delivery(client).await;
    assert_fields(&again, &json!({"message_id": id, "redelivered": true}));
    assert_eq!(delivered(client, id).await, "sent");
}

/// Waits for the next event of this message; the client is subscribed to it.
async fn event_of(client: &mut Client, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    event_where(client, |event| event["message_id"] == *id && wanted(event)).await
}
