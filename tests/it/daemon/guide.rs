//! The guide answers in the built-in channel while nobody else does.

use std::{path::Path, time::Duration};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{Daemon, Scratch, daemon_command, event_where};

const PEER: &str = "visitor";

fn start(home: &Path) -> Daemon {
    let mut command = daemon_command(home);
    command.env("GUIDE", "1");
    Daemon::from_command(command, home)
}

async fn write(client: &mut Client, peer: &str, text: &str) -> Value {
    let message = json!({"channel": "webchat", "peer": peer, "text": text});
    client.call("receive", &message).await.expect("stored")
}

/// The text of the next message of the guide to this peer.
async fn said(client: &mut Client, peer: &str) -> String {
    let of_guide = |message: &Value| {
        message["peer"] == peer && message["meta"]["guide"] == true && message["state"] == "queued"
    };
    let message = event_where(client, of_guide).await;
    message["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn the_first_message_is_answered_with_what_to_do_next() {
    let home = Scratch::new();
    let daemon = start(&home.0);
    let mut client = daemon.gateway.listener(&["message.*"]).await;
    // What nobody asked for is no answer of somebody else's.
    let greeting = json!({"channel": "webchat", "to": PEER, "text": "Hello"});
    client.call("send", &greeting).await.expect("queued");
    let began = std::time::Instant::now();
    let stored = write(&mut client, PEER, "Oi!").await;
    let text = said(&mut client, PEER).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let id = stored["message_id"].as_str().expect("an id");
    assert!(text.contains(&format!("arrived as {id} ")), "{text}");
    write(&mut client, PEER, "2").await;
    let text = said(&mut client, PEER).await;
    assert!(text.contains("@BotFather"), "{text}");
}

#[tokio::test]
async fn where_a_program_answers_the_guide_keeps_out() {
    let home = Scratch::new();
    let daemon = start(&home.0);
    let mut client = daemon.gateway.listener(&["message.*"]).await;
    write(&mut client, "ana", "hello").await;
    let answer = json!({"channel": "webchat", "to": "ana", "text": "hello yourself"});
    client.call("send", &answer).await.expect("queued");
    write(&mut client, "bia", "hello").await;
    // It answers in the order of the messages: what is said to bia comes after what is not said to ana.
    said(&mut client, "bia").await;
    write(&mut client, "ana", "1").await;
    write(&mut client, "bia", "1").await;
    said(&mut client, "bia").await;
    let query = json!({"channel": "webchat", "peer": "ana", "limit": 100});
    let history = client.call("history", &query).await.expect("a page");
    let all = history["messages"].as_array().expect("messages");
    assert_eq!(all.len(), 3, "{history}");
    assert!(all.iter().all(|message| message["meta"]["guide"].is_null()));
}

#[cfg(feature = "store")]
#[tokio::test]
async fn who_wrote_just_before_the_daemon_ended_is_answered_after_it_is_back() {
    let home = Scratch::new();
    let mut daemon = start(&home.0);
    let mut client = daemon.client().await;
    write(&mut client, PEER, "Oi!").await;
    // Before the guide has waited its second for a program that may answer.
    drop(client);
    daemon.kill();
    let mut daemon = start(&home.0);
    let mut client = daemon.client().await;
    let subscribed = json!({"topics": ["message.*"], "since": 0});
    client
        .call("subscribe", &subscribed)
        .await
        .expect("subscribed");
    said(&mut client, PEER).await;
    daemon.kill();
    // Not again.
    let daemon = start(&home.0);
    let mut client = daemon.gateway.listener(&["message.*"]).await;
    write(&mut client, "bia", "1").await;
    said(&mut client, "bia").await;
    let query = json!({"channel": "webchat", "peer": PEER, "limit": 100});
    let history = client.call("history", &query).await.expect("a page");
    assert_eq!(
        history["messages"].as_array().map(Vec::len),
        Some(2),
        "{history}"
    );
}
