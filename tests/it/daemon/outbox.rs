//! The outbox and the state of integrations: stop, start, reload, and the commands for them.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, assert_field, daemon_command,
    fake::{Fake, Reply},
    integration, next_event, program, refusal, run,
    services::{telegram_ok, use_telegram},
    until_running,
};

#[tokio::test]
async fn stopped_integration_keeps_messages() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.listener(&["integration.state"]).await;
    let stopped = client
        .call("integration.stop", &json!({"name": "webchat"}))
        .await
        .expect("known");
    assert_field(&stopped, "name", "webchat");
    while next_event(&mut client).await.payload["state"] != "stopped" {}
    let mut ana = daemon.listener(&["message.*@webchat/ana"]).await;
    let sent = json!({"channel": "webchat", "to": "ana", "text": "later"});
    let id = client.call("send", &sent).await.expect("queued")["message_id"].clone();
    let outbox = client.call("outbox", &json!({})).await.expect("listed");
    assert_field(&outbox["waiting"][0], "message_id", json!(id));
    assert!(outbox["waiting"][0]["due_ms"].is_u64());
    assert_field(&outbox, "failed", json!([]));
    client
        .call("integration.start", &json!({"name": "webchat"}))
        .await
        .expect("known");
    while next_event(&mut ana).await.payload["state"] != "delivered" {}
    for action in ["integration.start", "integration.connect"] {
        let code = refusal(&mut client, action, json!({"name": "fax"})).await;
        assert_eq!(code, "unknown_channel");
    }
    let code = refusal(
        &mut client,
        "integration.connect",
        json!({"name": "webchat"}),
    )
    .await;
    assert_eq!(code, "channel_unavailable");
}

#[tokio::test]
async fn outbox_and_integrations_commands() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let sent = json!({"channel": "webchat", "to": "ana", "text": "x"});
    let id = client.call("send", &sent).await.expect("queued")["message_id"].clone();
    let id = id.as_str().expect("an id");
    let command = |arguments: &[&str]| run(program(&home.0, arguments));
    let (code, shown, _) = command(&["outbox"]);
    assert!(code == 0 && shown.contains(id), "{shown}");
    let (code, shown, _) = command(&["outbox", "cancel", id]);
    assert_eq!(
        (code, shown.trim()),
        (0, format!("cancelled {id}").as_str())
    );
    let (code, _, told) = command(&["outbox", "retry", id]);
    assert!(code == 1 && told.contains("cancelled"), "{told}");
    let (code, shown, _) = command(&["integrations", "stop", "webchat"]);
    assert!(code == 0 && shown.starts_with("webchat"), "{shown}");
    let (code, shown, _) = command(&["integrations"]);
    assert!(code == 0 && shown.contains("stopped"), "{shown}");
    let (code, _, told) = command(&["integrations", "start", "fax"]);
    assert!(code == 1 && told.contains("webchat"), "{told}");
}

#[tokio::test]
async fn reload_restarts_only_changed() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let same = client.call("reload", &json!({})).await.expect("read");
    assert_field(&same, "changed", json!([]));
    let (code, ..) = run(program(&home.0, &["config", "set", "WEBCHAT_RATE", "60"]));
    assert_eq!(code, 0);
    let other = client.call("reload", &json!({})).await.expect("read");
    let told = other["changed"].to_string() + &same["changed"].to_string();
    // `config set` may already have triggered the reload.
    assert!(told.contains("webchat") || told == "[][]", "{told}");
}

/// The state of an integration, and since when it is in it.
async fn since(client: &mut Client, name: &str) -> (Value, Value) {
    let mut one = integration(client, name).await.expect("it is there");
    (one["state"].take(), one["since_ms"].take())
}

/// The poll hangs throughout: a restart of the integration would show as a second poll.
#[tokio::test]
async fn new_rate_needs_no_restart() {
    let fake = Fake::start(
        |request| match request.path.rsplit('/').next().unwrap_or_default() {
            "getUpdates" => Reply::Hang,
            _ => telegram_ok(json!({"message_id": 9, "id": 1, "chat": {"id": 42}})),
        },
    );
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    use_telegram(&mut command, &fake);
    let (code, ..) = run(program(&home.0, &["config", "set", "TELEGRAM_RATE", "1"]));
    assert_eq!(code, 0);
    let daemon = Daemon::from_command(command, &home.0);
    let mut client = daemon.client().await;
    until_running(&mut client, "telegram").await;
    let before = since(&mut client, "telegram").await;
    fake.saw("/getUpdates");
    for text in ["one", "two"] {
        let payload = json!({"channel": "telegram", "to": "42", "text": text});
        client.call("send", &payload).await.expect("queued");
    }
    assert_field(&fake.saw("/sendMessage").body, "text", "one");
    for (key, value) in [
        ("CLEUDOCODEBOT_RETRY_DELAYS", "2s,3s"),
        ("TELEGRAM_RATE", "6000"),
    ] {
        let (code, ..) = run(program(&home.0, &["config", "set", key, value]));
        assert_eq!(code, 0);
        client.call("reload", &json!({})).await.expect("reloaded");
    }
    let next = fake.saw("");
    assert_eq!(next.body["text"], "two", "{}", next.path);
    assert_eq!(since(&mut client, "telegram").await, before);
    assert!(fake.never_saw("/getMe"));
}
