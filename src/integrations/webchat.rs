//! `webchat`: the built-in channel. Its peers are clients of the gateway itself, so it needs no
//! external service.
//!
//! A peer is reachable while a client is subscribed to its conversation (`message.*@webchat/PEER`).
//! Messages to any other peer wait in the outbox. Inbound messages come by the action `receive`.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::timeout;

use super::{
    Accepted, Audience, BoxFuture, DeliveryError, Indicator, Integration, Progress, RunContext,
    RunError,
};
use crate::{config::services, message::Message};

/// The channel's name.
pub const NAME: &str = services::WEBCHAT.channels[0];

/// Time for a subscribed client's socket to take a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// The integration; the audience is the gateway's bus.
pub struct WebChat {
    audience: Weak<dyn Audience>,
}

impl WebChat {
    /// The channel to the subscribers in `audience`.
    pub fn new(audience: &Arc<dyn Audience>) -> Self {
        Self {
            audience: Arc::downgrade(audience),
        }
    }
}

impl Integration for WebChat {
    fn name(&self) -> &str {
        NAME
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move {
            context.alive();
            context.ended().await;
            Ok(())
        })
    }

    /// The message itself goes out as the event of its state `sending`, which is published before this
    /// is called. It counts as delivered once one client's socket has taken that event.
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        let reached = self
            .audience
            .upgrade()
            .map(|all| all.reached(NAME, &message.peer));
        Box::pin(async move {
            let mut reached = reached.ok_or(DeliveryError::Away)?;
            let taken = timeout(SEND_TIMEOUT, reached.recv()).await.ok().flatten();
            taken
                .map(|()| Accepted::Delivered)
                .ok_or(DeliveryError::Away)
        })
    }

    fn deletes(&self) -> bool {
        true
    }

    /// Its clients hear of it by the event.
    fn delete<'a>(
        &'a self,
        _: &'a Message,
        _: &'a [String],
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Typing and read receipts are events of the bus, which every subscribed client gets.
    fn can_show(&self, _: Indicator, peer: &str) -> bool {
        self.can_reach(peer)
    }

    fn can_reach(&self, peer: &str) -> bool {
        self.audience
            .upgrade()
            .is_some_and(|all| all.attends(NAME, peer))
    }
}
