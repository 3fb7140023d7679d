//! The integration without a service: what is posted to it and what its store holds then.

mod edits;
mod fetched;
mod files;
mod kinds;
mod mentions;
mod posted;

use std::ops::Deref;

use serde_json::{Value, json};

use super::{NAME, RunContext, ServerKind, Whatsapp, WhatsappSettings};
use crate::{
    config::{BaseUrl, FetchRule},
    integrations::{Hook, Integration as _, testing::Desk},
    log::LogLevel,
};

/// Our own number, as the service tells it.
const ME: &str = "5511900000000";

const ANA: &str = "5511987654321";

fn jid(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

struct Stage {
    whatsapp: Whatsapp,
    desk: Desk,
}

impl Deref for Stage {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Stage {
    fn new(allowed: &str) -> Self {
        let base = BaseUrl::parse("http://127.0.0.1:9").expect("an address");
        Self::of(allowed, base, FetchRule::All)
    }

    /// With the service there, and this rule for its files.
    fn of(allowed: &str, base: BaseUrl, fetches: FetchRule) -> Self {
        let desk = Desk::new(NAME, allowed);
        let settings = WhatsappSettings {
            server: ServerKind::Evolution,
            base,
            token: "key".to_owned(),
            instance: "Cleudocode".to_owned(),
            webhook_url: None,
            webhook_secret: None,
            fetches,
        };
        Self {
            whatsapp: Whatsapp::new(
                &settings,
                "127.0.0.1:1",
                desk.ingress.clone(),
                desk.media.clone(),
            ),
            desk,
        }
    }

    async fn post(&self, event: &str, data: Value) {
        let body =
            json!({"event": event, "sender": format!("{ME}:3@s.whatsapp.net"), "data": data});
        let secret = self.whatsapp.settings.secret();
        let mut headers = hyper::HeaderMap::new();
        let secret = secret.parse().expect("a header");
        headers.insert("x-cleudocodebot-secret", secret);
        let hook = Hook {
            is_get: false,
            query: String::new(),
            headers,
            body: body.to_string().into_bytes(),
        };
        let reply = self.whatsapp.hook(&hook).await;
        assert_eq!(reply.status, 200, "{event}");
    }

    /// Posts a message with this content from Ana.
    async fn message(&self, id: &str, message: Value) {
        let key =
            json!({"id": id, "remoteJid": format!("{ANA}@s.whatsapp.net"), "participant": ""});
        self.upsert(key, message).await;
    }

    async fn upsert(&self, key: Value, message: Value) {
        let data = json!({"key": key, "message": message, "pushName": "Ana"});
        self.post("messages.upsert", data).await;
    }

    fn log(&self) -> String {
        let lines = self.whatsapp.ingress.log().last(500, LogLevel::Debug);
        let lines: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
        lines.join("\n")
    }

    /// Lets the integration run as far as it tells how it stands.
    fn attend(&self, on_report: impl Fn(super::super::Report<'_>) + Send + Sync + 'static) {
        let (_, shutdown) = crate::shutdown::channel();
        let context = RunContext::new(shutdown, on_report);
        *self.whatsapp.context.lock().expect("whole") = Some(context);
    }
}
