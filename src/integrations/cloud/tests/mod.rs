//! Posts of Meta as they come, taken by a channel over a store of its own. Here: the stage they are
//! taken on.

mod changes;
mod files;
mod kinds;
mod people;
mod sending;

use std::ops::Deref;

use serde_json::{Value, json};

use super::{NAME, webhook::Receiver};
use crate::{
    config::FetchRule, integrations::testing::Desk, log::LogLevel, message::MessageId, store::Draft,
};

const PHONE_ID: &str = "555000111";
const OURS: &str = "5511900000000";
const ANA: &str = "5511987654321";
const GROUP: &str = "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD";
const USER_ID: &str = "BR.13491208655302741918";

struct Stage {
    receiver: Receiver,
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
        let desk = Desk::new(NAME, allowed);
        Self {
            receiver: Receiver::new(PHONE_ID, desk.ingress.clone(), FetchRule::All),
            desk,
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

    /// A message to Ana that Meta took by this name.
    async fn sent(&self, name: &str) -> MessageId {
        let draft = Draft {
            channel: NAME.to_owned(),
            peer: ANA.to_owned(),
            text: "hi".to_owned(),
            ..Draft::default()
        };
        let queued = self.store.queue(draft).expect("room");
        let id = queued.await.expect("queued").message.id;
        let accepted = self.store.accepted(id, vec![name.to_owned()]);
        accepted.expect("room").await.expect("accepted");
        id
    }

    fn said(&self, level: LogLevel, message: &str) -> usize {
        let lines = self.log.last(1000, level);
        lines.iter().filter(|line| line.message == message).count()
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
