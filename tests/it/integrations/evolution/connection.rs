//! An instance that is not connected, is missing or may not be used, and its webhook.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::setup::post;
use crate::support::{
    Daemon, Scratch, assert_field, assert_fields, assert_mentions, daemon_command, event_where,
    fake::{Fake, Reply, Request},
    history, integration, message,
    services::use_evolution,
    until_running, until_state,
};

/// What the fake says of itself, changed by the test.
#[derive(Default)]
struct Instance {
    /// None: there is no instance.
    state: Option<String>,
    /// Answers every send while it is not connected.
    refusal: Option<(u16, Value)>,
    /// The webhook as it was set, or as another left it.
    webhook: Value,
    /// Whether it knows only the oldest events.
    is_old: bool,
    /// The status of `fetchInstances`.
    key_status: u16,
    /// Whatever is asked is answered so.
    instead: Option<(u16, Value)>,
    sent: u64,
}

struct Setup {
    fake: Fake,
    instance: Arc<Mutex<Instance>>,
    home: Scratch,
}

impl Setup {
    fn new(change: impl FnOnce(&mut Instance)) -> Self {
        let instance = Arc::new(Mutex::new(Instance {
            state: Some("open".to_owned()),
            key_status: 200,
            ..Instance::default()
        }));
        change(&mut instance.lock().expect("not poisoned"));
        let asked = Arc::clone(&instance);
        let answer = move |request: &Request| asked.lock().expect("not poisoned").answer(request);
        Self {
            fake: Fake::start(answer),
            instance,
            home: Scratch::new(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Instance)) {
        change(&mut self.instance.lock().expect("not poisoned"));
    }

    /// A daemon that gives a message up after the second attempt that counts.
    fn daemon(&self) -> Daemon {
        let mut command = daemon_command(&self.home.0);
        use_evolution(&mut command, &self.fake)
            .env("WHATSAPP_RATE", "0")
            .env("CLEUDOCODEBOT_RETRY_DELAYS", "1ms");
        Daemon::from_command(command, &self.home.0)
    }
}

fn not_found(message: &str) -> Reply {
    let body = json!({"status": 404, "error": "Not Found", "response": {"message": [message]}});
    Reply::Json(404, body)
}

impl Instance {
    fn answer(&mut self, request: &Request) -> Reply {
        if let Some((status, body)) = &self.instead {
            return Reply::Json(*status, body.clone());
        }
        let path = request.path.as_str();
        match (path, &self.state) {
            ("/instance/fetchInstances", _) => Reply::Json(self.key_status, json!([])),
            ("/instance/create", None) => {
                self.state = Some("connecting".to_owned());
                let made = json!({"instance": {"instanceName": "Cleudocode", "status": "connecting"},
                    "hash": "key-of-the-instance", "qrcode": {"code": "2@made", "count": 1}});
                Reply::Json(201, made)
            }
            (_, None) => not_found("The \"Cleudocode\" instance does not exist"),
            ("/instance/connectionState/Cleudocode", Some(state)) => {
                Reply::Json(200, json!({"instance": {"state": state}}))
            }
            ("/instance/connect/Cleudocode", _) => Reply::Json(200, json!({"count": 0})),
            ("/webhook/find/Cleudocode", _) => Reply::Json(200, self.webhook.clone()),
            ("/webhook/set/Cleudocode", _) => self.set_webhook(&request.body["webhook"]),
            (_, Some(state)) if state != "open" => {
                let (status, body) = self.refusal.clone().expect("a refusal");
                Reply::Json(status, body)
            }
            _ => {
                self.sent += 1;
                Reply::Json(201, json!({"key": {"id": format!("3EB0{}", self.sent)}}))
            }
        }
    }

    fn set_webhook(&mut self, wanted: &Value) -> Reply {
        let events = wanted["events"].as_array().expect("events");
        if self.is_old && events.iter().any(|event| event == "CALL") {
            let said = json!({"response": {"message": ["events[7] is not one of enum values"]}});
            return Reply::Json(400, said);
        }
        self.webhook = json!({"url": wanted["url"], "enabled": true, "headers": wanted["headers"],
            "events": events, "webhookByEvents": false, "webhookBase64": false});
        Reply::Json(201, self.webhook.clone())
    }
}

fn refused(status: u16, said: &Value) -> (u16, Value) {
    let body = json!({"status": status, "response": {"message": said}});
    (status, body)
}

/// All that the service says when it is not connected, one way after the other.
fn refusals() -> [(u16, Value); 4] {
    let undefined = "TypeError: Cannot read properties of undefined (reading 'sendMessage')";
    [
        refused(400, &json!(["Error: Connection Closed"])),
        refused(500, &json!("Connection Closed")),
        refused(400, &json!([undefined])),
        refused(400, &json!(["SessionError: No sessions"])),
    ]
}

/// Waits until the channel is in this state, and returns it.
async fn until(daemon: &Daemon, state: &str) -> Value {
    let mut states = daemon.listener(&["integration.state"]).await;
    let now = integration(&mut daemon.client().await, "whatsapp").await;
    match now.filter(|now| now["state"] == state) {
        Some(now) => now,
        None => until_state(&mut states, "whatsapp", state).await,
    }
}

#[tokio::test]
async fn messages_wait_until_an_open_event() {
    let setup = Setup::new(|instance| instance.state = Some("close".to_owned()));
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    // Before the first message: one that is quicker than the first look at the state is refused once.
    let impaired = until(&daemon, "impaired").await;
    let mut sent = daemon.listener(&["message.*"]).await;
    let mut ids = Vec::new();
    for (number, refusal) in refusals().into_iter().enumerate() {
        setup.change(|instance| instance.refusal = Some(refusal));
        let payload =
            json!({"channel": "whatsapp", "to": "5511987654321", "text": format!("{number}")});
        let queued = client.call("send", &payload).await.expect("queued");
        ids.push(queued["message_id"].clone());
    }
    let expected = json!({"last_error": "WhatsApp is not connected (close)",
        "advice": "cleudocodebot integrations connect whatsapp"});
    assert_fields(&impaired, &expected);
    setup.change(|instance| instance.state = Some("open".to_owned()));
    let secret =
        setup.instance.lock().expect("not poisoned").webhook["headers"]["x-cleudocodebot-secret"]
            .take();
    let body =
        json!({"event": "connection.update", "data": {"state": "open", "statusReason": 200}});
    assert_eq!(
        post(&daemon, &body, secret.as_str().expect("a secret")),
        200
    );
    let last = ids.last().cloned();
    event_where(&mut sent, |event| {
        Some(&event["message_id"]) == last.as_ref() && event["state"] == "sent"
    })
    .await;
    for (number, one) in history(&mut client, "whatsapp").await.iter().enumerate() {
        assert_fields(one, &json!({"text": format!("{number}"), "state": "sent"}));
        assert_field(&message(&mut client, &ids[number]).await, "attempts", 1);
        let body = setup.fake.saw("/message/sendText/Cleudocode").body;
        assert_field(&body, "text", format!("{number}"));
    }
    let running = integration(&mut client, "whatsapp").await.expect("there");
    assert_fields(
        &running,
        &json!({"state": "running", "last_error": null, "advice": null}),
    );
}

#[tokio::test]
async fn looking_finds_it_connected_again() {
    for refusal in refusals() {
        let setup = Setup::new(|_| {});
        let daemon = setup.daemon();
        let mut client = daemon.client().await;
        until_running(&mut client, "whatsapp").await;
        let mut states = daemon.listener(&["integration.state"]).await;
        setup.change(|instance| {
            instance.state = Some("connecting".to_owned());
            instance.refusal = Some(refusal);
        });
        let payload = json!({"channel": "whatsapp", "to": "5511987654321", "text": "hi"});
        let queued = client.call("send", &payload).await.expect("queued");
        until_state(&mut states, "whatsapp", "impaired").await;
        setup.change(|instance| instance.state = Some("open".to_owned()));
        until_state(&mut states, "whatsapp", "running").await;
        let mut waiting = daemon.listener(&["message.*"]).await;
        let now = message(&mut client, &queued["message_id"]).await;
        if now["state"] != "sent" {
            event_where(&mut waiting, |event| event["state"] == "sent").await;
        }
        let now = message(&mut client, &queued["message_id"]).await;
        assert_fields(&now, &json!({"attempts": 1, "state": "sent"}));
    }
}

#[tokio::test]
async fn lost_webhook_is_set_again() {
    let setup = Setup::new(|instance| {
        instance.state = Some("connecting".to_owned());
        instance.is_old = true;
    });
    let daemon = setup.daemon();
    let all = setup.fake.saw("/webhook/set/Cleudocode").body;
    let oldest = setup.fake.saw("/webhook/set/Cleudocode").body;
    let count = |body: &Value| body["webhook"]["events"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&all), count(&oldest)), (8, 5));
    assert_field(&oldest["webhook"], "byEvents", false);
    setup.fake.saw("/webhook/find/Cleudocode");
    setup.change(|instance| {
        instance.webhook["url"] = json!("http://another.example/hook");
        instance.is_old = false;
    });
    let again = setup.fake.saw("/webhook/set/Cleudocode").body;
    let url = format!("http://{}/webhooks/whatsapp", daemon.address);
    assert_field(&again["webhook"], "url", url);
    daemon.logs("gone or another's");
    setup.change(|instance| instance.webhook = Value::Null);
    setup.fake.saw("/webhook/set/Cleudocode");
}

#[tokio::test]
async fn connect_creates_a_missing_instance() {
    let setup = Setup::new(|instance| instance.state = None);
    let daemon = setup.daemon();
    let mut client = daemon.client().await;
    let impaired = until(&daemon, "impaired").await;
    assert_mentions(&impaired, "last_error", "no instance \"Cleudocode\"");
    assert_mentions(
        &impaired,
        "advice",
        "cleudocodebot integrations connect whatsapp",
    );
    let asked = json!({"name": "whatsapp"});
    let made = client
        .call("integration.connect", &asked)
        .await
        .expect("made");
    assert_fields(
        &made,
        &json!({"state": "pairing", "code": "2@made", "created": true}),
    );
    let wanted =
        json!({"instanceName": "Cleudocode", "integration": "WHATSAPP-BAILEYS", "qrcode": true});
    assert_eq!(setup.fake.saw("/instance/create").body, wanted);
    setup.fake.saw("/webhook/set/Cleudocode");
    let waits = client
        .call("integration.connect", &asked)
        .await
        .expect("asked");
    assert_field(&waits, "state", "waiting");
    assert_mentions(&waits, "why", "no code yet");
    setup.change(|instance| instance.state = Some("open".to_owned()));
    let paired = client
        .call("integration.connect", &asked)
        .await
        .expect("asked");
    assert_eq!(paired, json!({"state": "connected"}));
    until_running(&mut client, "whatsapp").await;
}

#[tokio::test]
async fn wrong_key_parks_without_an_instance() {
    let setup = Setup::new(|instance| {
        instance.state = None;
        instance.key_status = 401;
    });
    let daemon = setup.daemon();
    let parked = until(&daemon, "parked").await;
    assert_mentions(&parked, "last_error", "WHATSAPP_API_TOKEN_INSTANCE");
}

#[tokio::test]
async fn license_and_proxy_impair() {
    let license = json!({"error": "service not activated", "code": "LICENSE_REQUIRED",
        "register_url": "http://evolution.example/manager/login"});
    for (status, body, why, advice) in [
        (
            503,
            license,
            "LICENSE_REQUIRED",
            "activate it at http://evolution.example/manager/login",
        ),
        (
            404,
            json!("404 page not found"),
            "not the Evolution API",
            "WHATSAPP_BASE_URL",
        ),
    ] {
        let setup = Setup::new(|instance| instance.instead = Some((status, body)));
        let daemon = setup.daemon();
        let impaired = until(&daemon, "impaired").await;
        assert_mentions(&impaired, "last_error", why);
        assert_mentions(&impaired, "advice", advice);
        setup.change(|instance| instance.instead = None);
        until(&daemon, "running").await;
    }
}
