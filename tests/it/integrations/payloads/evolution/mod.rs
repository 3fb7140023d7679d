//! What the Evolution API posts and answers.

mod answers;
mod contents;
mod revisions;
mod who;
mod wrappers;

use std::sync::Mutex;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::{Findings, conversation, peers, send};
use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply},
    services::{self, use_evolution},
};

/// Ana's number, the address that hides it, and the group she is in.
const ANA: &str = "5511987654321";
const ANA_JID: &str = "5511987654321@s.whatsapp.net";
const ANA_LID: &str = "103899771998284@lid";
const CHOIR: &str = "120363021234567890@g.us";

/// A service, a daemon on it, and a client of that.
struct Stage {
    fake: Fake,
    daemon: Daemon,
    client: Client,
    secret: String,
    _home: Scratch,
}

impl Stage {
    /// Everyone may write.
    async fn open() -> Self {
        Self::with(&[("WHATSAPP_ALLOW_FROM", "*")]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let named = Mutex::new(0);
        let fake = services::evolution(move |request| {
            if request.path == "/chat/findMessages/Cleudocode" {
                return Reply::Json(200, json!({"messages": {"records": []}}));
            }
            let mut named = named.lock().expect("not poisoned");
            *named += 1;
            Reply::Json(201, json!({"key": {"id": format!("3EB0{named}")}}))
        });
        Self::on(fake, settings).await
    }

    async fn on(fake: Fake, settings: &[(&str, &str)]) -> Self {
        let home = Scratch::new();
        let mut command = daemon_command(&home.0);
        use_evolution(&mut command, &fake)
            .env("WHATSAPP_RATE", "0")
            .envs(settings.iter().copied());
        let daemon = Daemon::from_command(command, &home.0);
        let webhook = fake.saw("/webhook/set/Cleudocode").body["webhook"].take();
        let secret = webhook["headers"]["x-cleudocodebot-secret"].as_str();
        let secret = secret.expect("a secret").to_owned();
        let client = daemon.client().await;
        Self {
            fake,
            daemon,
            client,
            secret,
            _home: home,
        }
    }

    /// Posts an event; it has to be taken.
    #[track_caller]
    fn post(&self, event: &str, data: &Value) {
        let body = json!({"event": event, "instance": "Cleudocode",
            "sender": "5511900000000@s.whatsapp.net", "data": data});
        self.post_body(&body);
    }

    #[track_caller]
    fn post_body(&self, body: &Value) {
        assert_eq!(self.status_of("/webhooks/whatsapp", body), 200, "{body}");
    }

    fn status_of(&self, path: &str, body: &Value) -> u16 {
        let header = format!("x-cleudocodebot-secret: {}", self.secret);
        self.daemon.post(path, &header, &body.to_string()).0
    }

    async fn stored(&mut self, peer: &str) -> Vec<Value> {
        conversation(&mut self.client, "whatsapp", peer).await
    }

    async fn peers(&mut self) -> Vec<String> {
        peers(&mut self.client, "whatsapp").await
    }

    async fn send(&mut self, to: &str, more: Value) -> Value {
        send(&mut self.client, "whatsapp", to, &more).await
    }

    /// Each of these messages from a person of its own, and the fields that should be stored of it.
    async fn check(&mut self, rows: Vec<(&str, Value, Value)>) {
        let mut findings = Findings::default();
        for (number, (row, message, expected)) in rows.into_iter().enumerate() {
            let peer = format!("4915{number:08}");
            let jid = format!("{peer}@s.whatsapp.net");
            let data = upsert(&format!("K{number}"), &jid, &message);
            self.post("messages.upsert", &data);
            findings.stored(row, &self.stored(&peer).await, &expected);
        }
        findings.end();
    }
}

/// A message as the service posts it.
fn upsert(id: &str, jid: &str, message: &Value) -> Value {
    json!({"key": {"id": id, "remoteJid": jid, "fromMe": false}, "pushName": "Ana Lima",
        "status": "DELIVERY_ACK", "message": message, "messageTimestamp": 1_780_000_000})
}

/// A text.
fn text(id: &str, jid: &str, text: &str) -> Value {
    upsert(id, jid, &json!({"conversation": text}))
}

/// The same with another key.
fn keyed(key: Value, message: &Value) -> Value {
    let mut data = upsert("", "", message);
    data["key"] = key;
    data
}
