//! A client's place on the bus, from its session's start to its end.

use std::sync::Arc;

use serde_json::json;

use crate::gateway::{Gateway, link::Link};

/// Takes the client off the bus however its session ends, also by a panic.
pub(super) struct Presence {
    gateway: Arc<Gateway>,
    link: Arc<Link>,
}

impl Presence {
    /// Puts the client on the bus.
    pub(super) fn begin(gateway: Arc<Gateway>, link: Arc<Link>) -> Self {
        gateway.news.bus.join(Arc::clone(&link));
        Self { gateway, link }
    }

    /// Notes why the session ended.
    pub(super) fn ended(&self, reason: &str) {
        let fields: [(&str, &(dyn std::fmt::Display + Sync)); 2] =
            [("client", &self.link.name()), ("reason", &reason)];
        self.gateway.log.debug("gateway", "client left", &fields);
        self.link.leave_because(reason);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.gateway.news.bus.leave(self.link.id);
        let departure = self.link.departure();
        let why = departure.as_deref().unwrap_or_default();
        self.link.holds_now(None, why);
        if let Some(reason) = departure {
            let event = json!({"id": self.link.name(), "reason": reason}).to_string();
            self.gateway
                .publish("client.disconnected", |out| out.push_str(&event));
        }
    }
}
