//! What tests ask over the project's own client, and waiting for events.

use std::time::Instant;

use cleudocodebot::{
    client::{Client, Event},
    error::Error,
};
use serde_json::{Value, json};

use super::PATIENCE;

/// Waits for the next event of this client.
pub(crate) async fn next_event(client: &mut Client) -> Event {
    tokio::time::timeout(PATIENCE, client.event())
        .await
        .expect("in time")
        .expect("a connection")
        .expect("an event")
}

/// Waits for the next event whose payload is `wanted`, and returns that payload.
pub(crate) async fn event_where(client: &mut Client, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let event = next_event(client).await;
        if wanted(&event.payload) {
            return event.payload;
        }
    }
}

/// Waits for the event of an integration in this state; the client is subscribed to
/// `integration.state`.
pub(crate) async fn until_state(client: &mut Client, name: &str, state: &str) -> Value {
    loop {
        let event = next_event(client).await;
        if event.action == "integration.state"
            && event.payload["name"] == name
            && event.payload["state"] == state
        {
            return event.payload;
        }
    }
}

/// The code of the error that a command is answered with.
pub(crate) async fn refusal(client: &mut Client, action: &str, payload: Value) -> String {
    match client.call(action, &payload).await {
        Err(Error::Refused { code, .. }) => code,
        other => panic!("{action} {payload} was answered with {other:?}"),
    }
}

/// An integration as `integrations` lists it, if it is there.
pub(crate) async fn integration(client: &mut Client, name: &str) -> Option<Value> {
    let all = client.call("integrations", &json!({})).await;
    let mut all = all.expect("listed")["integrations"].take();
    let all = all.as_array_mut().expect("a list");
    let place = all.iter().position(|one| one["name"] == name)?;
    Some(all.swap_remove(place))
}

/// Waits until an integration is running.
pub(crate) async fn until_running(client: &mut Client, name: &str) {
    let deadline = Instant::now() + PATIENCE;
    while integration(client, name)
        .await
        .is_none_or(|one| one["state"] != "running")
    {
        assert!(Instant::now() < deadline, "{name} never ran");
        tokio::task::yield_now().await;
    }
}

/// A message as it is now.
pub(crate) async fn message(client: &mut Client, id: &Value) -> Value {
    let payload = json!({"message_id": id});
    client.call("message", &payload).await.expect("known")["message"].take()
}

/// The messages of a channel, oldest first.
pub(crate) async fn history(client: &mut Client, channel: &str) -> Vec<Value> {
    let query = json!({"channel": channel, "limit": 200});
    let page = client.call("history", &query).await.expect("a page");
    page["messages"].as_array().expect("messages").clone()
}
