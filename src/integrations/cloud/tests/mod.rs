//! Posts of Meta as they come, taken by a channel over a store of its own. Here: the stage they are
//! taken on.

mod changes;
mod kinds;
mod people;
mod sending;

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{NAME, webhook::Receiver};
use crate::{
    integrations::{Audience, Typing, allow_list::AllowList, ingress::Ingress, pairing::Pairings},
    log::{Log, LogLevel},
    message::Message,
    random,
    router::Router,
    store::{self, HistoryQuery, Store},
};

const PHONE_ID: &str = "555000111";
const OURS: &str = "5511900000000";
const ANA: &str = "5511987654321";
const GROUP: &str = "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD";
const USER_ID: &str = "BR.13491208655302741918";

struct Nobody;

impl Audience for Nobody {
    fn attends(&self, _: &str, _: &str) -> bool {
        false
    }
    fn reached(&self, _: &str, _: &str) -> mpsc::Receiver<()> {
        mpsc::channel(1).1
    }
    fn hears_typing(&self, _: &Typing<'_>) {}
}

struct Stage {
    receiver: Receiver,
    ingress: Ingress,
    store: Store,
    log: Log,
    folder: PathBuf,
}

impl Stage {
    fn new(allowed: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-cloud-{}", &random::token()[..16]));
        std::fs::create_dir(&folder).expect("a folder");
        let options = store::StoreOptions {
            path: folder.join("store"),
            ..store::StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let log = Log::in_memory(LogLevel::Debug);
        let ingress = Ingress::new(
            NAME,
            AllowList::read(NAME, allowed, None),
            Arc::new(Pairings::open(folder.join("pairing.json"))),
            store.clone(),
            Arc::new(Router::default()),
            log.clone(),
            Weak::<Nobody>::new(),
        );
        Self {
            receiver: Receiver::new(PHONE_ID, ingress.clone()),
            ingress,
            store,
            log,
            folder,
        }
    }

    /// Takes a post of one change.
    async fn post(&self, field: &str, mut value: Value) -> u16 {
        value["messaging_product"] = json!("whatsapp");
        if value["metadata"].is_null() {
            value["metadata"] = json!({"display_phone_number": OURS, "phone_number_id": PHONE_ID});
        }
        self.post_all(json!([{"field": field, "value": value}]))
            .await
    }

    async fn post_all(&self, changes: Value) -> u16 {
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]});
        self.receiver.taken(&body).await.status
    }

    /// Takes messages of Ana.
    async fn write(&self, messages: Value) -> u16 {
        let contacts = json!([{"wa_id": ANA, "profile": {"name": "Ana Lima"}}]);
        let value = json!({"contacts": contacts, "messages": messages});
        self.post("messages", value).await
    }

    fn stored(&self) -> Vec<Message> {
        let query = HistoryQuery {
            limit: 1000,
            ..HistoryQuery::default()
        };
        self.store.history(&query).expect("readable").messages
    }

    /// The only message there is.
    fn only(&self) -> Message {
        let mut all = self.stored();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn said(&self, level: LogLevel, message: &str) -> usize {
        let lines = self.log.last(1000, level);
        lines.iter().filter(|line| line.message == message).count()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.store.close();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A message of Ana with what its type has.
fn of(kind: &str, body: Value) -> Value {
    let mut message =
        json!({"from": ANA, "id": "wamid.1", "timestamp": "1780000000", "type": kind});
    message[kind] = body;
    message
}

fn text(id: &str, body: &str) -> Value {
    json!({"from": ANA, "id": id, "timestamp": "1780000000", "type": "text", "text": {"body": body}})
}
