//! The integration without a service: what is posted to it and what its store holds then.

mod answered;
mod edits;
mod kinds;
mod posted;
mod sent;

use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use super::{Evolution, EvolutionSettings, NAME, RunContext};
use crate::{
    config::BaseUrl,
    integrations::{Audience, Typing, allow_list::AllowList, ingress::Ingress, pairing::Pairings},
    log::{Log, LogLevel},
    message::Message,
    random,
    router::Router,
    store::{HistoryQuery, Store, StoreOptions},
};

/// Nobody who listens.
struct Nobody;

impl Audience for Nobody {
    fn attends(&self, _: &str, _: &str) -> bool {
        false
    }
    fn reached(&self, _: &str, _: &str) -> tokio::sync::mpsc::Receiver<()> {
        tokio::sync::mpsc::channel(1).1
    }
    fn hears_typing(&self, _: &Typing<'_>) {}
}

/// Our own number, as the service tells it.
const ME: &str = "5511900000000";

const ANA: &str = "5511987654321";

fn jid(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

struct Stage {
    evolution: Evolution,
    store: Store,
    pairings: Arc<Pairings>,
    path: std::path::PathBuf,
}

impl Stage {
    fn new(allowed: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cdb-{}.redb", &random::token()[..16]));
        let options = StoreOptions {
            path: path.clone(),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let pairings = Arc::new(Pairings::open(path.with_extension("json")));
        let ingress = Ingress::new(
            NAME,
            AllowList::read(NAME, allowed, None),
            Arc::clone(&pairings),
            store.clone(),
            Arc::new(Router::default()),
            Log::in_memory(LogLevel::Debug),
            Weak::<Nobody>::new(),
        );
        let settings = EvolutionSettings {
            base: BaseUrl::parse("http://127.0.0.1:9").expect("an address"),
            token: "key".to_owned(),
            instance: "Cleudocode".to_owned(),
            webhook_url: None,
            webhook_secret: None,
        };
        Self {
            evolution: Evolution::new(&settings, "127.0.0.1:1", ingress),
            store,
            pairings,
            path,
        }
    }

    async fn post(&self, event: &str, data: Value) {
        let body =
            json!({"event": event, "sender": format!("{ME}:3@s.whatsapp.net"), "data": data});
        let reply = self.evolution.posted(&body).await.expect("the store works");
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

    /// All that is stored.
    fn all(&self) -> Vec<Message> {
        let query = HistoryQuery {
            limit: 500,
            max_bytes: 1 << 24,
            ..HistoryQuery::default()
        };
        self.store.history(&query).expect("read").messages
    }

    /// The only message that is stored.
    #[track_caller]
    fn only(&self) -> Message {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    fn log(&self) -> String {
        let lines = self.evolution.ingress.log().last(500, LogLevel::Debug);
        let lines: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
        lines.join("\n")
    }

    /// Lets the integration run as far as it tells how it stands.
    fn attend(&self, on_report: impl Fn(super::super::Report<'_>) + Send + Sync + 'static) {
        let (_, shutdown) = crate::shutdown::channel();
        let context = RunContext::new(shutdown, on_report);
        *self.evolution.context.lock().expect("whole") = Some(context);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.store.close();
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(self.path.with_extension("json"));
    }
}
