//! What waits, what is stopped, and how a user steers it.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply, until_running},
    next_event, program, refusal, run,
};

#[tokio::test]
async fn a_stopped_integration_keeps_its_messages_until_it_is_started() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.listener(&["integration.state"]).await;
    let stopped = client
        .call("integration.stop", &json!({"name": "webchat"}))
        .await
        .expect("known");
    assert_eq!(stopped["name"], "webchat");
    while next_event(&mut client).await.payload["state"] != "stopped" {}
    let mut ana = daemon.listener(&["message.*@webchat/ana"]).await;
    let sent = json!({"channel": "webchat", "to": "ana", "text": "later"});
    let id = client.call("send", &sent).await.expect("queued")["message_id"].clone();
    let outbox = client.call("outbox", &json!({})).await.expect("listed");
    assert_eq!(outbox["waiting"][0]["message_id"], id);
    assert!(outbox["waiting"][0]["due_ms"].is_u64());
    assert_eq!(outbox["failed"], json!([]));
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
async fn the_commands_show_and_steer() {
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
async fn a_reload_restarts_only_what_changed() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let same = client.call("reload", &json!({})).await.expect("read");
    assert_eq!(same["changed"], json!([]));
    let (code, ..) = run(program(&home.0, &["config", "set", "WEBCHAT_RATE", "60"]));
    assert_eq!(code, 0);
    let other = client.call("reload", &json!({})).await.expect("read");
    let told = other["changed"].to_string() + &same["changed"].to_string();
    // `config set` may have asked for the reload itself.
    assert!(told.contains("webchat") || told == "[][]", "{told}");
}

/// The state of an integration and since when.
async fn since(client: &mut Client, name: &str) -> (Value, Value) {
    let all = client.call("integrations", &json!({})).await;
    let mut all = all.expect("listed")["integrations"].take();
    let mut all = all.as_array_mut().expect("a list").iter_mut();
    let one = all.find(|one| one["name"] == name).expect("it is there");
    (one["state"].take(), one["since_ms"].take())
}

/// Its poll hangs all the while, so that a second one would say that it was cut.
#[tokio::test]
async fn a_new_rate_counts_at_once_and_the_integration_runs_on() {
    let fake = Fake::start(|request| {
        let ok = |result| Reply::Json(200, json!({"ok": true, "result": result}));
        match request.path.rsplit('/').next().unwrap_or_default() {
            "getUpdates" => Reply::Hang,
            _ => ok(json!({"message_id": 9, "id": 1, "chat": {"id": 42}})),
        }
    });
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command
        .env("TELEGRAM_BOT_TOKEN", "123:token-of-the-test")
        .env("TELEGRAM_BASE_URL", fake.url());
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
    assert_eq!(fake.saw("/sendMessage").body["text"], "one");
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
