//! Agents: clients of the gateway that answer what comes in.

mod asking;
mod choice;
mod failures;
mod groups;
mod guards;
mod handover;
#[cfg(feature = "store")]
mod kills;
mod order;
mod turns;
#[cfg(unix)]
mod voice;

use std::path::Path;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Gateway, Scratch, assert_field, daemon_command, event_where, next_event,
};

/// A channel of a bridge, whose other side is somebody else than the owner.
const CHANNEL: &str = "agents-bridge";

/// A daemon with these settings of agents and a short time to gather.
fn daemon_with(home: &Path, settings: &[(&str, &str)]) -> Daemon {
    let mut command = daemon_command(home);
    command.env("AGENT", "clerk").env("AGENT_GATHER", "50ms");
    command.envs(settings.iter().copied());
    Daemon::from_command(command, home)
}

/// A daemon of the test's own whose agent is `clerk`.
fn daemon() -> (Scratch, Daemon) {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[]);
    (home, daemon)
}

/// A client that is the agent of this name.
async fn agent(daemon: &Gateway, name: &str) -> Client {
    let mut client = daemon.client().await;
    announce(&mut client, name, 16).await;
    client
}

async fn announce(client: &mut Client, name: &str, turns: u64) {
    let who = json!({"client": {"kind": "agent", "name": name, "turns": turns}});
    let hello = client.call("auth", &who).await.expect("taken");
    assert_field(&hello, "protocol", 1);
}

/// A client that is the bridge of `CHANNEL`.
async fn bridge(daemon: &Gateway) -> Client {
    let mut client = daemon.client().await;
    let who = json!({"client": {"kind": "integration", "channel": CHANNEL}});
    client.call("auth", &who).await.expect("taken");
    client
}

/// Hands in what a peer of this channel wrote; its id.
async fn says(client: &mut Client, channel: &str, peer: &str, text: &str) -> Value {
    let said = json!({"channel": channel, "peer": peer, "text": text});
    hand_in(client, &said).await
}

/// Hands in a message; its id.
async fn hand_in(client: &mut Client, said: &Value) -> Value {
    client.call("receive", said).await.expect("stored")["message_id"].take()
}

/// The next turn that this agent is offered.
async fn offered(agent: &mut Client) -> Value {
    let event = next_event(agent).await;
    assert_eq!(event.action, "agent.turn", "{}", event.payload);
    event.payload
}

/// The next turn that this agent is told to stop.
async fn aborted(agent: &mut Client) -> Value {
    let event = next_event(agent).await;
    assert_eq!(event.action, "agent.abort", "{}", event.payload);
    event.payload
}

/// Answers a turn; what the gateway says to that.
async fn done(agent: &mut Client, turn: &Value, text: &str) -> Value {
    let answer = json!({"turn_id": turn["turn_id"], "text": text});
    agent.call("agent.done", &answer).await.expect("queued")
}

/// The payload of `agent.failed`.
fn failed(turn: &Value, certainty: &str) -> Value {
    json!({"turn_id": turn["turn_id"], "error": "no model here", "certainty": certainty})
}

/// Waits until a turn is in this state; the client is subscribed to `agent.status`.
async fn until(client: &mut Client, turn: &Value, state: &str) -> Value {
    let id = &turn["turn_id"];
    event_where(client, |event| {
        event["turn_id"] == *id && event["state"] == state
    })
    .await
}

/// The texts that were sent to a peer, oldest first.
async fn sent_to(client: &mut Client, channel: &str, peer: &str) -> Vec<String> {
    let query = json!({"channel": channel, "peer": peer, "limit": 200});
    let page = client.call("history", &query).await.expect("a page");
    let all = page["messages"].as_array().expect("messages").iter();
    let sent = all.filter(|message| message["direction"] == "out");
    sent.map(|message| message["text"].as_str().expect("a text").to_owned())
        .collect()
}

/// The turns of a peer, newest first.
async fn turns_of(client: &mut Client, channel: &str, peer: &str) -> Vec<Value> {
    let query = json!({"channel": channel, "peer": peer});
    let listed = client.call("turns", &query).await.expect("listed");
    listed["turns"].as_array().expect("turns").clone()
}
