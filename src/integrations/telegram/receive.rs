//! From an update to the store: what it means for messages that are there already, and what else is to be
//! done.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{
    api::Api,
    inbound::{Received, Whose},
    polls::KnownPolls,
    target::Target,
    updates::{self, Update},
    who::Author,
};
use crate::{
    config::FetchRule,
    http_client::HttpLimits,
    integrations::{
        ingress::{Commands, Ingress, Taken},
        support::files::incoming::mark,
    },
    log::LogField,
    message::Message,
    store::{Revision, Store, StoreError},
};

/// Taps that are answered at a time. What is beyond is stored and not answered.
const MAX_ANSWERS: usize = 8;

/// Takes updates of one channel.
pub(super) struct Receiver {
    channel: String,
    api: Arc<Api>,
    ingress: Ingress,
    polls: Mutex<KnownPolls>,
    answers: Arc<Semaphore>,
    /// Which files are fetched at once.
    fetches: FetchRule,
}

impl Receiver {
    pub(super) fn new(channel: &str, api: Arc<Api>, ingress: Ingress, fetches: FetchRule) -> Self {
        Self {
            channel: channel.to_owned(),
            api,
            ingress,
            polls: Mutex::default(),
            answers: Arc::new(Semaphore::new(MAX_ANSWERS)),
            fetches,
        }
    }

    /// Takes one update. When it comes back, what it told is on disk. `me` is the bot.
    pub(super) async fn take(&self, update: &Value, me: &Author) -> Result<(), StoreError> {
        match self.read(update, me) {
            Some(Update::New(received)) => self.new_one(*received).await,
            Some(Update::Edited(received)) => self.edited(*received).await,
            Some(Update::Deleted(names)) => {
                for name in names {
                    self.ingress.revise(&name, Revision::Deleted).await?;
                }
                Ok(())
            }
            None => {
                let fields = update.as_object().into_iter().flatten();
                let kinds: Vec<&str> = fields.map(|(kind, _)| kind.as_str()).collect();
                self.debug("an update tells nothing that can be kept", &kinds.join(" "));
                Ok(())
            }
        }
    }

    fn read(&self, update: &Value, me: &Author) -> Option<Update> {
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        for message in update
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, value)| value)
        {
            polls.note(message);
        }
        updates::read(&self.channel, update, me, &polls)
    }

    fn debug(&self, what: &str, kind: &str) {
        let fields: [LogField<'_>; 2] = [("name", &self.channel), ("type", &kind)];
        self.ingress.log().debug("integration", what, &fields);
    }

    async fn new_one(&self, mut received: Received) -> Result<(), StoreError> {
        if let Some(name) = received.about.take()
            && received.place.topic.is_none()
            && let Some(message) = self.named(&name).await?
        {
            belongs_to(&mut received, &message);
        }
        if let Some(kind) = &received.unknown {
            self.debug("a message of a kind that no rule knows", kind);
        }
        let (tapped, moved) = (received.tapped.take(), received.moved.take());
        if !self.store(received).await? {
            return Ok(());
        }
        if let Some((before, now)) = moved {
            self.ingress.same_peer(&before, &now).await?;
        }
        if let Some(id) = tapped {
            self.answer(id);
        }
        Ok(())
    }

    /// Whether it was for us to keep, and is kept now.
    async fn store(&self, mut received: Received) -> Result<bool, StoreError> {
        if received.whose == Whose::Ours {
            return Ok(false);
        }
        if !self.is_allowed(&mut received).await? {
            if !received.may_pair {
                return Ok(false);
            }
            // Whoever asks to be let in does so for the whole chat.
            received.inbound.peer.clone_from(&received.place.chat);
        }
        let inbound = &mut received.inbound;
        mark(inbound.media.as_mut(), inbound.kind, self.fetches);
        if received.whose == Whose::Owners {
            self.ingress.keep(received.inbound).await?;
            return Ok(true);
        }
        let taken = self
            .ingress
            .take_from(received.inbound, &received.origin)
            .await?;
        Ok(taken != Taken::Refused)
    }

    /// Whether whoever did it may write here. What the owner of a business account writes goes with what
    /// the other side does.
    async fn is_allowed(&self, received: &mut Received) -> Result<bool, StoreError> {
        let Received {
            inbound,
            origin,
            place,
            ..
        } = received;
        if place.topic.is_some() {
            // A group that became a forum may stand on the list by the id it had before.
            let (channel, chat) = (self.channel.clone(), place.chat.clone());
            let read = move |store: &Store| store.aliases(&channel, &chat);
            origin
                .listed_as
                .extend(self.ingress.store().run_blocking(read).await?);
        }
        let sender = match received.whose {
            Whose::Theirs => inbound.sender.as_ref().unwrap_or(&inbound.peer),
            Whose::Owners | Whose::Ours => &place.chat,
        };
        self.ingress.may_write(sender, &inbound.peer, origin).await
    }

    /// An edit changes the message it concerns and is never obeyed. Of a message that is not known (it
    /// came before we were here, or is older than seven days) it is all there is, and kept.
    async fn edited(&self, mut received: Received) -> Result<(), StoreError> {
        if !self.is_allowed(&mut received).await? {
            return Ok(());
        }
        let name = received.inbound.dedup_key.clone().unwrap_or_default();
        let revision = Revision::Edited {
            text: received.inbound.text.clone(),
            content: received.inbound.content.clone(),
        };
        received.origin.commands = Commands::Ignored;
        let is_known = self.ingress.revise(&name, revision).await?;
        if is_known {
            let Some(file) = self.new_file(&name, &received).await? else {
                return Ok(());
            };
            received.inbound.dedup_key = Some(format!("{name}:{file}"));
        }
        self.store(received.with("edited", Some(json!(true))))
            .await
            .map(drop)
    }

    /// The file that was put in the place of the one a message had, which an edit of the text does not
    /// tell: it is kept as a message of its own.
    async fn new_file(
        &self,
        name: &str,
        received: &Received,
    ) -> Result<Option<String>, StoreError> {
        let file = |meta: &Option<Value>| meta.as_ref()?["file"].as_str().map(str::to_owned);
        let Some(now) = file(&received.inbound.meta) else {
            return Ok(None);
        };
        let before = self
            .named(name)
            .await?
            .and_then(|message| file(&message.meta));
        Ok((before.as_ref() != Some(&now)).then_some(now))
    }

    async fn named(&self, name: &str) -> Result<Option<Message>, StoreError> {
        let (channel, name) = (self.channel.clone(), name.to_owned());
        let read = move |store: &Store| store.named(&channel, &name);
        self.ingress.store().run_blocking(read).await
    }

    /// Ends the progress bar of a button (<https://core.telegram.org/bots/api#answercallbackquery>). Nobody
    /// waits for it, and the poll least of all.
    fn answer(&self, id: String) {
        let Ok(permit) = Arc::clone(&self.answers).try_acquire_owned() else {
            return;
        };
        let api = Arc::clone(&self.api);
        tokio::spawn(async move {
            let body = json!({"callback_query_id": id});
            // One that is too old is refused; it has ended by itself then.
            let _ = api
                .call("answerCallbackQuery", &body, HttpLimits::default())
                .await;
            drop(permit);
        });
    }
}

/// Puts something into the conversation of the message that it is about.
fn belongs_to(received: &mut Received, message: &Message) {
    let place = Target::parse(&message.peer);
    if place.chat != received.place.chat || place.topic.is_none() {
        return;
    }
    received.inbound.peer = place.to_string();
    received.origin.listed_as.push(place.chat.clone());
    received.place = place;
}
