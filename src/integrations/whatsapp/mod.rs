//! `whatsapp`: `WhatsApp` with a phone's own number, by a server of the user's that is paired with the
//! phone as one of its devices.
//!
//! What is particular to a server is behind the trait in `servers`, a folder each: `settings` says which it
//! is. Above that everything is shared: `steps` has what is sent, `events` what is posted and `hook`
//! what becomes of that: `who` knows whose it is, `kinds` what it says (and lists what becomes of each
//! kind), `inbound` what is stored of it, `mention` whether a group's message names us, `files` what is
//! kept of its file. `reconcile` and `sought` are about messages whose answer was lost; `connection` is how
//! the account stands, `looks` when that is looked at.

mod connection;
mod events;
mod files;
mod hook;
mod inbound;
mod kinds;
mod looks;
mod mention;
mod reconcile;
mod servers;
mod settings;
mod sought;
mod steps;
#[cfg(test)]
mod tests;
mod who;

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use self::{
    connection::{Status, told, with_advice},
    looks::Looks,
    reconcile::unclaimed,
    servers::{Pairing, Server, ServerContext},
    sought::{Sought, names_of},
    steps::{jids, read_messages, steps},
    who::STORIES,
};
use super::{
    Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply,
    HookSender, Indicator, Integration, Progress, ReconcileResult, RunContext, RunError,
    ingress::Ingress,
    support::files::outgoing::{self, Outgoing},
};
use crate::{
    media::{Intake, Media},
    message::Message,
    store::StoreError,
};

pub use self::{
    servers::{FoundServer, identify},
    settings::{NAME, ServerKind, WhatsappSettings},
};

/// The accounts that the server of these settings has.
pub async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    servers::instances(settings).await
}

/// One account of `WhatsApp` at a server.
pub struct Whatsapp {
    server: Box<dyn Server>,
    settings: WhatsappSettings,
    media: Media,
    ingress: Ingress,
    looks: Looks,
    /// The run under way, to which webhooks tell how the account stands.
    context: Mutex<Option<RunContext>>,
}

impl Whatsapp {
    /// The integration, not running yet; `address` is where the gateway listens.
    pub fn new(settings: &WhatsappSettings, address: &str, ingress: Ingress, media: Media) -> Self {
        let here = || format!("http://{address}/webhooks/{NAME}");
        let context = ServerContext {
            secret: settings.secret(),
            webhook_url: settings.webhook_url.clone().unwrap_or_else(here),
            settings: settings.clone(),
            media: media.clone(),
            log: ingress.log().clone(),
        };
        Self {
            server: servers::build(context),
            settings: settings.clone(),
            media,
            ingress,
            looks: Looks::default(),
            context: Mutex::default(),
        }
    }

    async fn send(&self, message: &Message, progress: &Progress) -> Result<(), DeliveryError> {
        if let Some(error) = is_no_chat(&message.peer) {
            return Err(error);
        }
        let files = outgoing::checked(&self.media, message, self.server.limits()).await?;
        let steps = steps(message);
        for (at, step) in steps.iter().enumerate().skip(progress.parts()) {
            progress.keep().await;
            // The files come first, a step each.
            let file = files.get(at).and_then(Outgoing::kept);
            match self.server.send(step, file).await {
                Ok(name) => progress.part_sent(name),
                Err(error) => {
                    if matches!(error, DeliveryError::Channel(_)) {
                        self.looks.begin_trouble(true);
                    }
                    return Err(error);
                }
            }
            self.looks.end_trouble();
        }
        Ok(())
    }

    /// Looks for the part whose answer was lost among the last messages to this peer.
    async fn find(&self, message: &Message, progress: &Progress) -> ReconcileResult {
        let steps = steps(message);
        let part = progress.parts();
        let Some(sought) = steps.get(part).and_then(Sought::of) else {
            return ReconcileResult::Unknown;
        };
        let addresses = match self.addresses(&message.peer).await {
            Ok(addresses) => addresses,
            Err(error) => return ReconcileResult::Unasked(error.to_string(), None),
        };
        for jid in addresses {
            let found = self.found(&jid, &sought, message.created_ms / 1000).await;
            match found {
                Err(fate) => return fate,
                Ok(None) => {}
                Ok(Some(name)) => {
                    progress.part_sent(Some(name));
                    if part + 1 < steps.len() {
                        return ReconcileResult::NotSent;
                    }
                    return ReconcileResult::Sent(Accepted::Sent(progress.references()));
                }
            }
        }
        ReconcileResult::NotSent
    }

    /// The name of such a message to this address that no message is known by.
    async fn found(
        &self,
        jid: &str,
        sought: &Sought<'_>,
        since: u64,
    ) -> Result<Option<String>, ReconcileResult> {
        let found = self.server.search(jid).await?;
        let names = names_of(&found, sought, since);
        let name = unclaimed(self.ingress.store(), names).await;
        name.map_err(|error| ReconcileResult::Unasked(error.to_string(), None))
    }

    /// All addresses that a message to this peer may have there: a number in both spellings, a hidden
    /// id, or the number of one.
    async fn addresses(&self, peer: &str) -> Result<Vec<String>, StoreError> {
        let known = self.ingress.canonical(peer).await?;
        let asked = known.clone();
        let read = move |store: &crate::store::Store| store.aliases(NAME, &asked);
        let aliases = self.ingress.store().run_blocking(read).await?;
        let mut all = jids(&known);
        all.extend(aliases.into_iter().filter(|alias| alias.contains('@')));
        Ok(all)
    }

    /// What pairs a phone: a code, that it is paired, or why there is no code yet.
    async fn pair(&self) -> Result<Value, String> {
        let status = self.server.status().await.map_err(told)?;
        self.became(&status);
        let pairing = match status {
            Status::Open => Pairing::Connected,
            Status::Closed(_) => self.server.pair(false).await?,
            Status::Missing(_) => self.server.pair(true).await?,
            Status::Unusable(trouble) => return Err(with_advice(&trouble)),
        };
        Ok(pairing.json())
    }
}

/// A story would be told to everyone; nobody means that who answers one.
fn is_no_chat(peer: &str) -> Option<DeliveryError> {
    let why = "status@broadcast is no chat: what is sent there would be a status for all contacts";
    (peer == STORIES).then(|| DeliveryError::Permanent(why.to_owned()))
}

impl Integration for Whatsapp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
        Box::pin(async move { context.spent_on(self.look()).await })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        progress.through(self.send(message, progress))
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Message,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        self.server.fetch(file, into)
    }

    fn reconcile<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, ReconcileResult> {
        Box::pin(self.find(message, progress))
    }

    fn can_show(&self, indicator: Indicator, peer: &str) -> bool {
        self.server.can_show(indicator, peer)
    }

    fn deletes(&self) -> bool {
        true
    }

    fn delete<'a>(
        &'a self,
        message: &'a Message,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            for name in names {
                self.server.delete(&message.peer, name).await?;
            }
            Ok(())
        })
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        self.server.typing(peer)
    }

    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let messages = read_messages(messages);
            if messages.is_empty() {
                return Ok(());
            }
            self.server.mark_read(&messages).await
        })
    }

    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        self.server.examine(hook)
    }

    fn hook<'a>(&'a self, hook: &'a Hook) -> BoxFuture<'a, HookReply> {
        Box::pin(async move {
            if let Err(refusal) = self.server.examine(hook) {
                return refusal;
            }
            let posts = match self.server.read(hook) {
                Ok(posts) => posts,
                Err(refusal) => return refusal,
            };
            let taken = self.take(posts).await;
            taken.unwrap_or_else(|error| HookReply::again(&error.to_string()))
        })
    }

    fn pairs_a_device(&self) -> bool {
        true
    }

    fn connect(&self) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(self.pair())
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<Group>, String>> {
        self.server.groups()
    }
}
