//! What waits, what is stopped, and how a user steers it.

use serde_json::json;

use crate::support::{Daemon, Scratch, next_event, program, refusal, run};

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
