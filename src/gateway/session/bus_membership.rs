//! A client's membership of the bus: from the start of its session to its end.

use std::{borrow::Cow, sync::Arc};

use serde_json::json;

use crate::{
    gateway::{Gateway, clients::handle::ClientHandle},
    protocol::describe::event,
};

/// Takes the client off the bus when dropped, so also where its session panics.
pub(super) struct BusMembership {
    gateway: Arc<Gateway>,
    handle: Arc<ClientHandle>,
    place: usize,
}

impl BusMembership {
    /// Puts the client on the bus.
    pub(super) fn begin(gateway: Arc<Gateway>, handle: Arc<ClientHandle>) -> Self {
        let place = gateway.listeners.bus.join(Arc::clone(&handle));
        Self {
            gateway,
            handle,
            place,
        }
    }

    /// Notes why the session ended.
    pub(super) fn ended(&self, reason: Cow<'static, str>) {
        let fields: [(&str, &(dyn std::fmt::Display + Sync)); 2] =
            [("client", &self.handle.name()), ("reason", &reason)];
        self.gateway.log.debug("gateway", "client left", &fields);
        self.handle.set_departure(reason);
    }
}

impl Drop for BusMembership {
    fn drop(&mut self) {
        self.gateway.listeners.bus.leave(self.place);
        let departure = self.handle.departure();
        let why = departure.as_deref().unwrap_or_default();
        self.gateway.end_leases(&self.handle, why);
        if let Some(reason) = departure {
            self.gateway.publish(event::CLIENT_DISCONNECTED, |out| {
                let mut payload = json!({"id": self.handle.name().to_string(), "reason": reason});
                if let Some(kind) = self.handle.identity().kind {
                    payload["kind"] = json!(kind);
                }
                out.push_str(&payload.to_string());
            });
        }
    }
}
