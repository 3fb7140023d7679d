//! Topics of clients, `app.*`, on all nodes: at most once, as on one.

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::handle::{Cluster, RETRY_WAIT};
use crate::message::text_at;

impl Cluster {
    /// Passes on what a client published here. Lost where the bus is away.
    pub fn publish_topic(self: &Arc<Self>, topic: &str, data: &str) {
        if !self.bus.is_connected() {
            return;
        }
        // As text: data goes out as it came, numbers included.
        let payload = json!({"run": self.run, "topic": topic, "data": data}).to_string();
        let it = Arc::clone(self);
        tokio::spawn(async move {
            let subject = it.bus.topics_subject();
            let _ = it.bus.client.publish(subject, payload.into()).await;
        });
    }

    /// Hears what clients of other nodes publish. Never ends.
    pub(super) async fn hear_topics(self: Arc<Self>) {
        loop {
            if let Ok(mut heard) = self.bus.client.subscribe(self.bus.topics_subject()).await {
                while let Some(message) = heard.next().await {
                    self.hear_topic(&message.payload);
                }
            }
            sleep(RETRY_WAIT).await;
        }
    }

    fn hear_topic(&self, payload: &[u8]) {
        let Ok(json) = serde_json::from_slice::<Value>(payload) else {
            return;
        };
        if json["run"] == *self.run {
            return;
        }
        if let (Some(topic), Some(data)) = (text_at(&json, "topic"), text_at(&json, "data"))
            && let Some(on_topic) = self.on_topic.get()
        {
            on_topic(topic, data);
        }
    }
}
