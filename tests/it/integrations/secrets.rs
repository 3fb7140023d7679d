//! Services whose errors repeat all they were sent: the path with its token, the key, the text. That none
//! of it is in a log is checked when the daemon is dropped.

use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply, Request},
    log_watch::MARK,
    next_event,
    poster::Poster,
    services::{CLOUD_SECRET, EVOLUTION_KEY, use_cloud, use_evolution, use_telegram},
};

const SECRET: &str = "webhook-secret-of-the-test";

/// Answers with an error that repeats the whole request.
fn echo_as_error(request: &Request, status: u16) -> Reply {
    let said = format!("no: {} {}", request.head, request.body);
    Reply::Json(
        status,
        json!({"ok": false, "error_code": status, "description": said,
            "error": {"message": said, "code": 1}, "response": {"message": [said]}}),
    )
}

fn daemon(fake: &Fake, home: &Scratch) -> Daemon {
    let mut command = daemon_command(&home.0);
    use_evolution(&mut command, fake)
        .env("WHATSAPP_WEBHOOK_SECRET", SECRET)
        .env("WHATSAPP_ALLOW_FROM", "*");
    use_cloud(&mut command, fake)
        .env("WHATSAPP_CLOUD_APP_SECRET", CLOUD_SECRET)
        .env("WHATSAPP_CLOUD_VERIFY_TOKEN", "verify-token-of-the-test");
    use_telegram(&mut command, fake).env("CLEUDOCODEBOT_RETRY_DELAYS", "10ms");
    Daemon::from_command(command, &home.0)
}

async fn outcomes(status: u16) {
    let fake = Fake::start(move |request| echo_as_error(request, status));
    let home = Scratch::new();
    let daemon = daemon(&fake, &home);
    let mut client = daemon
        .listener(&["message.status", "integration.state"])
        .await;
    let words: Vec<String> = (0..60).map(|n| format!("{MARK}-{n}")).collect();
    for channel in ["whatsapp", "whatsapp-cloud", "telegram"] {
        let payload = json!({"channel": channel, "to": "551133334444", "text": words.join(" ")});
        client.call("send", &payload).await.expect("queued");
    }
    let mut failed = 0;
    while failed < 3 {
        let event = next_event(&mut client).await.payload;
        failed += usize::from(event["state"] == "failed");
    }
    let inbound = json!({"event": "messages.upsert", "apikey": EVOLUTION_KEY, "data": {
        "key": {"id": "A", "remoteJid": "551133334444@s.whatsapp.net"}, "message": {"conversation": MARK}}});
    let mut poster = Poster::to(daemon.address);
    for (secret, body, expected) in [
        ("wrong", inbound.to_string(), 403),
        (SECRET, inbound.to_string() + MARK, 400),
        (SECRET, inbound.to_string(), 200),
        (SECRET, inbound.to_string(), 200),
    ] {
        let header = format!("x-cleudocodebot-secret: {secret}");
        let status = poster.post("/webhooks/whatsapp", &header, &body);
        assert_eq!(status, Some(expected));
    }
    let path =
        "/webhooks/whatsapp-cloud?hub.mode=subscribe&hub.verify_token=verify-token-of-the-test";
    assert_eq!(daemon.get("GET", path, "").0, 200);
    let body = Value::from(MARK).to_string();
    let status = poster.post(
        "/webhooks/whatsapp-cloud",
        "X-Hub-Signature-256: sha256=00",
        &body,
    );
    assert_eq!(status, Some(403));
}

#[tokio::test]
async fn permanent_errors_leak_nothing() {
    outcomes(400).await;
}

#[tokio::test]
async fn transient_errors_leak_nothing() {
    outcomes(500).await;
}
