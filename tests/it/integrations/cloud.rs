//! The Cloud API's integration against a fake, and its webhook.

use std::{collections::VecDeque, process::Command, sync::Mutex};

use serde_json::json;

use crate::support::{
    Daemon, Scratch, assert_field, assert_fields, assert_mentions, daemon_command,
    fake::{Fake, Reply},
    message,
    services::{self, CLOUD_SECRET, cloud_change, cloud_signature, post_to_cloud, use_cloud},
    until_running,
};

struct CloudSetup {
    fake: Fake,
    home: Scratch,
}

impl CloudSetup {
    fn new(answers: Vec<Reply>) -> Self {
        let answers = Mutex::new(VecDeque::from(answers));
        Self {
            fake: services::cloud(move |_| {
                let next = answers.lock().expect("not poisoned").pop_front();
                next.unwrap_or_else(services::cloud_accepted)
            }),
            home: Scratch::new(),
        }
    }

    fn command(&self) -> Command {
        let mut command = daemon_command(&self.home.0);
        use_cloud(&mut command, &self.fake)
            .env("WHATSAPP_CLOUD_APP_SECRET", CLOUD_SECRET)
            .env("WHATSAPP_CLOUD_VERIFY_TOKEN", "verify-me")
            .env("WHATSAPP_CLOUD_ALLOW_FROM", "*");
        command
    }

    fn daemon(&self) -> Daemon {
        Daemon::from_command(self.command(), &self.home.0)
    }
}

#[tokio::test]
async fn webhook_is_verified_and_deduplicated() {
    let setup = CloudSetup::new(vec![]);
    let mut daemon = setup.daemon();
    let ask = |token: &str| {
        let path = format!(
            "/webhooks/whatsapp-cloud?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=42"
        );
        daemon.get("GET", &path, "")
    };
    let (status, _, body) = ask("verify-me");
    assert_eq!((status, body.as_str()), (200, "42"));
    assert_eq!(ask("guess").0, 403);
    assert_eq!(daemon.get("GET", "/webhooks/fax", "").0, 404);
    let message = json!({"from": "551133334444", "id": "wamid.in", "type": "text", "text": {"body": "hushed-text olá"}});
    let body = cloud_change(&json!({"messages": [message]}));
    for wrong in ["", "sha256=", "sha256=00", &cloud_signature("other")] {
        assert_eq!(post_to_cloud(&daemon, &body, wrong), 403, "{wrong}");
    }
    let signature = cloud_signature(&body);
    assert_eq!(post_to_cloud(&daemon, &body, &signature), 200);
    assert_eq!(post_to_cloud(&daemon, &body, &signature), 200);
    daemon.kill();
    let daemon = setup.daemon();
    assert_eq!(post_to_cloud(&daemon, &body, &signature), 200);
    let mut client = daemon.client().await;
    let asked = json!({"channel": "whatsapp-cloud"});
    let page = client.call("history", &asked).await.expect("a page");
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(1));
    assert_field(&page["messages"][0], "text", "hushed-text olá");
}

#[tokio::test]
async fn no_secret_refuses_webhooks() {
    let setup = CloudSetup::new(vec![]);
    let mut command = setup.command();
    command.env_remove("WHATSAPP_CLOUD_APP_SECRET");
    let daemon = Daemon::from_command(command, &setup.home.0);
    let body = cloud_change(&json!({}));
    assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 403);
}

#[tokio::test]
async fn receipts_never_go_backwards() {
    let setup = CloudSetup::new(vec![]);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp-cloud", "to": "+551133334444", "text": "hushed-text hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("sent");
    assert_field(&sent, "state", "sent");
    let body = setup.fake.saw("/messages").body;
    assert_fields(
        &body,
        &json!({"to": "551133334444", "text.body": "hushed-text hi"}),
    );
    assert_field(&body, "biz_opaque_callback_data", json!(sent["message_id"]));
    for (status, id, ours) in [
        ("read", "wamid.1", json!(null)),
        ("delivered", "wamid.1", json!(null)),
        ("sent", "unknown", sent["message_id"].clone()),
        ("delivered", "unknown", json!("m-99999")),
    ] {
        let status = json!({"id": id, "status": status, "biz_opaque_callback_data": ours});
        let body = cloud_change(&json!({"statuses": [status]}));
        assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    }
    let asked = json!({"message_id": sent["message_id"]});
    let seen = client.call("message", &asked).await.expect("known");
    let states = seen["history"].as_array().expect("history").iter();
    let states: Vec<_> = states.map(|step| step["state"].clone()).collect();
    assert_eq!(states, ["queued", "sending", "sent", "read"]);
}

#[tokio::test]
async fn closed_window_needs_a_template() {
    let closed = json!({"error": {"code": 131_047, "message": "Re-engagement message"}});
    let setup = CloudSetup::new(vec![Reply::Json(400, closed)]);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp-cloud", "to": "551133334444", "text": "hushed-text hi", "wait": true});
    let failed = client.call("send", &payload).await.expect("an outcome");
    assert_field(&failed, "state", "failed");
    assert_mentions(&failed, "error", "template");
    let template = json!({"name": "hello", "language": {"code": "pt_BR"}});
    let payload = json!({"channel": "whatsapp-cloud", "to": "551133334444", "template": template, "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    assert_field(&sent, "state", "sent");
    setup.fake.saw("/messages");
    assert_field(
        &setup.fake.saw("/messages").body,
        "template",
        json!(template),
    );
}

#[tokio::test]
async fn read_and_typing_indicators() {
    let setup = CloudSetup::new(vec![Reply::Json(400, json!({"error": {"code": 100}}))]);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp-cloud").await;
    let contacts = json!([{"wa_id": "552233334444", "profile": {"name": "Bia"}},
        {"wa_id": "551133334444", "profile": {"name": "Ana"}}]);
    let message = |id: &str| json!({"from": "551133334444", "id": id, "type": "text", "text": {"body": "olá"}});
    let messages = json!([message("wamid.old"), message("wamid.new")]);
    let body = cloud_change(&json!({"messages": messages, "contacts": contacts}));
    assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    let page = client.call("conversations", &json!({})).await;
    assert_field(&page.expect("a page")["conversations"][0], "name", "Ana");
    let read =
        json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.new"});
    let ana = json!({"channel": "whatsapp-cloud", "peer": "551133334444"});
    // The service refuses the first indicator; that has no effect on anything else.
    client.call("read", &ana).await.expect("read");
    assert_eq!(setup.fake.saw("/messages").body, read);
    let typing = json!({"channel": "whatsapp-cloud", "to": "+551133334444"});
    client.call("typing", &typing).await.expect("taken");
    let mut shown = read;
    shown["typing_indicator"] = json!({"type": "text"});
    assert_eq!(setup.fake.saw("/messages").body, shown);
}

#[tokio::test]
async fn reply_joins_the_conversation() {
    let setup = CloudSetup::new(vec![]);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp-cloud", "to": "+55 48 99999-8888", "text": "hi",
        "wait": true});
    client.call("send", &payload).await.expect("sent");
    let message = json!({"from": "554899998888", "id": "wamid.in", "type": "text",
        "text": {"body": "olá"}});
    let body = cloud_change(&json!({"messages": [message]}));
    assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    let page = client.call("conversations", &json!({})).await;
    let page = page.expect("a page");
    let all = page["conversations"].as_array().expect("conversations");
    let peers: Vec<_> = all.iter().map(|one| &one["peer"]).collect();
    assert_eq!(
        (peers, &all[0]["last"]["text"]),
        (vec![&json!("554899998888")], &json!("olá"))
    );
}

#[cfg(feature = "store")]
#[tokio::test]
async fn first_receipt_keeps_second_part() {
    let taken = json!({"messages": [{"id": "wamid.first"}]});
    let setup = CloudSetup::new(vec![Reply::Json(200, taken), Reply::Hang]);
    let mut daemon = setup.daemon();
    let mut client = daemon.client().await;
    let text = "hushed-text one. ".repeat(300);
    let payload = json!({"channel": "whatsapp-cloud", "to": "551133334444", "text": text});
    let sent = client.call("send", &payload).await.expect("queued");
    let first = setup.fake.saw("/messages").body;
    let second = setup.fake.saw("/messages").body;
    for id in ["wamid.first", "unknown"] {
        let status = json!({"id": id, "status": "delivered",
            "biz_opaque_callback_data": first["biz_opaque_callback_data"]});
        let body = cloud_change(&json!({"statuses": [status]}));
        assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    }
    daemon.kill();
    let daemon = setup.daemon();
    assert_eq!(setup.fake.saw("/messages").body, second);
    assert_field(
        &second,
        "biz_opaque_callback_data",
        json!(sent["message_id"]),
    );
    let body = cloud_change(&json!({"statuses": [{"id": "wamid.1", "status": "read",
        "biz_opaque_callback_data": sent["message_id"]}]}));
    assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
}

#[tokio::test]
async fn failed_part_fails_its_message() {
    let setup = CloudSetup::new(vec![]);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    let text = "hushed-text one. ".repeat(300);
    let payload =
        json!({"channel": "whatsapp-cloud", "to": "551133334444", "text": text, "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    let first = setup.fake.saw("/messages").body;
    let status = json!({"id": "unknown", "status": "failed", "errors": [{"title": "no window"}],
        "biz_opaque_callback_data": first["biz_opaque_callback_data"]});
    let body = cloud_change(&json!({"statuses": [status]}));
    assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    let seen = message(&mut client, &sent["message_id"]).await;
    assert_field(&seen, "state", "failed");
}

/// A receipt may carry an id that belongs to a message of another channel.
#[tokio::test]
async fn receipts_stay_in_their_channel() {
    let setup = CloudSetup::new(vec![]);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "webchat", "to": "phone", "text": "waits for its peer"});
    let waiting = client.call("send", &payload).await.expect("queued");
    let id = waiting["message_id"].clone();
    for state in ["sent", "delivered", "read", "failed"] {
        let status = json!({"id": "unknown", "status": state, "biz_opaque_callback_data": id});
        let body = cloud_change(&json!({"statuses": [status]}));
        assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    }
    assert_field(&message(&mut client, &id).await, "state", "queued");
}
