//! What Meta's Cloud API posts and answers.

mod answers;
mod contents;
mod who;

use std::sync::atomic::{AtomicU64, Ordering};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::{Findings, conversation, peers, send, with};
use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply},
    services::{self, CLOUD_SECRET, cloud_signature, post_to_cloud, use_cloud},
};

const ANA: &str = "5511987654321";
const ANA_ID: &str = "BR.13491208655302741918";
const GROUP: &str = "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD";

/// A service, a daemon on it, and a client of that.
struct Stage {
    fake: Fake,
    daemon: Daemon,
    client: Client,
    _home: Scratch,
}

impl Stage {
    /// Everyone may write.
    async fn open() -> Self {
        let named = AtomicU64::new(0);
        let fake = services::cloud(move |_| {
            let number = named.fetch_add(1, Ordering::Relaxed) + 1;
            Reply::Json(
                200,
                json!({"messages": [{"id": format!("wamid.sent{number}")}]}),
            )
        });
        Self::on(fake, &[("WHATSAPP_CLOUD_ALLOW_FROM", "*")]).await
    }

    async fn on(fake: Fake, settings: &[(&str, &str)]) -> Self {
        let home = Scratch::new();
        let mut command = daemon_command(&home.0);
        use_cloud(&mut command, &fake)
            .env("WHATSAPP_CLOUD_APP_SECRET", CLOUD_SECRET)
            .env("WHATSAPP_CLOUD_RATE", "0")
            .env("CLEUDOCODEBOT_RETRY_DELAYS", "50ms,100ms")
            .envs(settings.iter().copied());
        let daemon = Daemon::from_command(command, &home.0);
        let client = daemon.client().await;
        Self {
            fake,
            daemon,
            client,
            _home: home,
        }
    }

    /// Posts changes, in one body; it has to be taken.
    #[track_caller]
    fn post(&self, changes: &[(&str, Value)]) {
        let changes: Vec<Value> = changes
            .iter()
            .map(|(field, value)| {
                let mut value = value.clone();
                value["messaging_product"] = json!("whatsapp");
                value["metadata"] =
                    json!({"display_phone_number": "5511900000000", "phone_number_id": "555"});
                json!({"field": field, "value": value})
            })
            .collect();
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]});
        let body = body.to_string();
        let status = post_to_cloud(&self.daemon, &body, &cloud_signature(&body));
        assert_eq!(status, 200, "{body}");
    }

    /// Posts messages of Ana.
    #[track_caller]
    fn messages(&self, messages: &Value) {
        self.post(&[(
            "messages",
            json!({"contacts": [contact(ANA)], "messages": messages}),
        )]);
    }

    async fn stored(&mut self, peer: &str) -> Vec<Value> {
        conversation(&mut self.client, "whatsapp-cloud", peer).await
    }

    async fn peers(&mut self) -> Vec<String> {
        peers(&mut self.client, "whatsapp-cloud").await
    }

    async fn send(&mut self, to: &str, more: Value) -> Value {
        send(&mut self.client, "whatsapp-cloud", to, &more).await
    }

    /// Each of these messages from a person of its own, all in one body, and the fields that should be
    /// stored of it.
    async fn check(&mut self, rows: Vec<(&str, Value, Value)>) {
        let peer = |number: usize| format!("4915{number:08}");
        let messages: Vec<Value> = rows
            .iter()
            .enumerate()
            .map(|(number, (_, more, _))| {
                let id = format!("wamid.in{number}");
                let message = json!({"from": peer(number), "id": id, "timestamp": "1780000000"});
                with(message, more)
            })
            .collect();
        self.post(&[("messages", json!({"messages": messages}))]);
        let mut findings = Findings::default();
        for (number, (row, _, expected)) in rows.iter().enumerate() {
            findings.stored(row, &self.stored(&peer(number)).await, expected);
        }
        findings.end();
    }
}

fn contact(number: &str) -> Value {
    json!({"profile": {"name": "Ana Lima"}, "wa_id": number})
}

/// A text of Ana.
fn text(id: &str, body: &str) -> Value {
    json!({"from": ANA, "id": id, "timestamp": "1780000000", "type": "text", "text": {"body": body}})
}
