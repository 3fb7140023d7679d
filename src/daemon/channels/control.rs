//! The channels as the gateway's actions see them: status, start, stop, pairing, indicators, webhooks
//! and bridges.

use std::sync::Arc;

use serde_json::Value;

use super::ChannelRegistry;
use crate::{
    gateway::control::{Channels, DeletionError, IntegrationStatus, ReadUpTo, Steer},
    integrations::{
        BoxFuture, DeliveryError, Group, Hook, HookReply, HookSender,
        bridge::{BridgeClient, BridgeLease, Refusal},
        pairing::Pairings,
    },
    message::Message,
    panics::run_to_end,
};

impl Channels for ChannelRegistry {
    fn integrations(&self) -> Vec<IntegrationStatus> {
        let all: Vec<_> = self
            .channels()
            .values()
            .map(|entry| Arc::clone(&entry.channel))
            .collect();
        all.iter().map(|channel| channel.status()).collect()
    }

    fn steer(&self, name: &str, how: Steer) -> Option<IntegrationStatus> {
        let channel = self.find(name)?;
        match how {
            Steer::Start => channel.start(),
            Steer::Stop => channel.stop(),
        }
        Some(channel.status())
    }

    fn connect(&self, name: &str) -> Option<BoxFuture<'static, Result<Value, String>>> {
        let integration = self.find(name)?.integration();
        Some(Box::pin(async move { integration.connect().await }))
    }

    fn groups(&self, name: &str) -> Option<BoxFuture<'static, Result<Vec<Group>, String>>> {
        let integration = self.find(name)?.integration();
        let (name, store) = (name.to_owned(), self.parts.store.clone());
        Some(Box::pin(async move {
            let groups = integration.groups().await?;
            let names = groups
                .iter()
                .map(|one| (one.peer.clone(), one.name.clone()));
            // For conversations in which nobody but the owner wrote. Refused, as by a full disk, the next answer does it.
            let _ = store.name_groups(&name, names.collect());
            Ok(groups)
        }))
    }

    fn delete(
        &self,
        message: Message,
        names: Vec<String>,
    ) -> Option<BoxFuture<'static, Result<Message, DeletionError>>> {
        let integration = self.find(&message.channel)?.integration();
        let store = self.parts.store.clone();
        // A task of its own: the client may leave, and what is gone there has to be noted here.
        let deleting = async move {
            let asked = integration.delete(&message, &names).await;
            asked.map_err(|error| not_deleted(error, &message.text))?;
            let noted = store.deleted(message.id).map_err(DeletionError::NotNoted)?;
            noted.await.map_err(DeletionError::NotNoted)
        };
        Some(Box::pin(run_to_end(deleting, DeletionError::Unavailable)))
    }

    fn typing(&self, channel: &str, peer: &str) -> bool {
        let found = self.running(channel);
        found.is_some_and(|(integration, indicators)| indicators.typing(integration, peer))
    }

    fn read(&self, read: ReadUpTo) {
        if let Some((integration, indicators)) = self.running(&read.channel) {
            indicators.read(integration, read);
        }
    }

    fn examine_hook(&self, name: &str, hook: &Hook) -> Option<Result<HookSender, HookReply>> {
        let channel = self.find(name)?;
        if channel.is_stopped() {
            return Some(Err(HookReply::again("this integration is stopped")));
        }
        Some(channel.integration().examine(hook))
    }

    fn hook(&self, name: &str, hook: Hook) -> Option<BoxFuture<'static, HookReply>> {
        let channel = self.find(name)?;
        if channel.is_stopped() {
            let reply = HookReply::again("this integration is stopped");
            return Some(Box::pin(std::future::ready(reply)));
        }
        let integration = channel.integration();
        Some(Box::pin(async move { integration.hook(&hook).await }))
    }

    fn bridge(
        self: Arc<Self>,
        channel: String,
        client: Arc<dyn BridgeClient>,
    ) -> BoxFuture<'static, Result<BridgeLease, Refusal>> {
        let admitted = self.admit(&channel);
        Box::pin(async move {
            admitted?;
            self.attach(channel, client).await
        })
    }

    fn forget(self: Arc<Self>, name: String) -> BoxFuture<'static, Result<u64, Refusal>> {
        // A task of its own, because the client may disconnect: dropped half-way, this would leave
        // messages in the outbox that belong to no channel.
        let forgetting = async move { self.forget_channel(name).await };
        Box::pin(run_to_end(forgetting, Refusal::Unwritten))
    }

    fn pairings(&self) -> Arc<Pairings> {
        Arc::clone(&self.parts.build_context.pairings)
    }
}

/// What a service said of a deletion, without quotes of the message.
fn not_deleted(error: DeliveryError, text: &str) -> DeletionError {
    match error.without(text) {
        DeliveryError::Permanent(why) => DeletionError::Refused(why),
        DeliveryError::Transient(why, _)
        | DeliveryError::Unauthorized(why)
        | DeliveryError::Unknown(why)
        | DeliveryError::Interrupted(why) => DeletionError::Unavailable(why),
        DeliveryError::Channel(trouble) => DeletionError::Unavailable(trouble.why),
        DeliveryError::Away => DeletionError::Unavailable("its other side is away".to_owned()),
    }
}
