//! Inbound messages: checked against the allow-list, stored, and only then acknowledged to the service.
//!
//! A sender who is not allowed gets a pairing code, and the message is dropped.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use serde_json::Value;

use super::{
    Audience, Typing,
    allow_list::{AllowList, plain},
    chat_commands,
    pairing::{Asker, PairingOutcome, Pairings},
};
use crate::{
    language::{Language, Peer, translated},
    log::{Log, LogField, LogLevel},
    message::{Kind, State, is_own, text_at},
    panics::run_blocking,
    phone::{self, Country},
    router::Router,
    store::{Draft, Inbound, Revision, StatusUpdate, Store, StoreError, report_to},
};

/// Takes the inbound messages, reports and receipts of one channel.
#[derive(Clone)]
pub struct Ingress {
    channel: String,
    allowed: AllowList,
    pairings: Arc<Pairings>,
    store: Store,
    router: Arc<Router>,
    log: Log,
    audience: Weak<dyn Audience>,
    country: Option<Country>,
    language: Option<Language>,
    known_aliases: Arc<Mutex<HashSet<(String, String)>>>,
}

/// The result for one inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was stored.
    Fresh,
    /// A duplicate of one that is stored.
    Known,
    /// The sender may not write.
    Refused,
}

/// Facts about an inbound message that are not stored with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Other names of the sender, stored as aliases of the same person.
    pub aliases: Vec<String>,
    /// Names that also count for the allow-list but are not the sender's own or may change hands, so
    /// they are not stored as aliases: a user name, the chat of a topic.
    pub listed_as: Vec<String>,
    /// Whether to run a command in it.
    pub commands: Commands,
}

/// Where to look for a command in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Commands {
    /// In its text.
    #[default]
    Obeyed,
    /// In this text instead.
    Read(String),
    /// Nowhere.
    Ignored,
}

/// Most aliases remembered as stored, so that they are not written again.
const MAX_KNOWN_ALIASES: usize = 4096;

impl Ingress {
    /// The ingress of a channel.
    pub fn new(
        channel: &str,
        allowed: AllowList,
        pairings: Arc<Pairings>,
        store: Store,
        router: Arc<Router>,
        log: Log,
        audience: Weak<dyn Audience>,
    ) -> Self {
        Self {
            channel: channel.to_owned(),
            allowed,
            pairings,
            store,
            router,
            log,
            audience,
            country: None,
            language: None,
            known_aliases: Arc::default(),
        }
    }

    /// The same, for numbers written without the code of this country, and for people who are answered
    /// in this language where nothing tells theirs.
    #[must_use]
    pub fn of_place(mut self, country: Option<Country>, language: Option<Language>) -> Self {
        (self.country, self.language) = (country, language);
        self
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// [`take_from`](Self::take_from) with nothing else known of the message.
    pub async fn take(&self, inbound: Inbound) -> Result<Taken, StoreError> {
        self.take_from(inbound, &Origin::default()).await
    }

    /// Checks and stores one message. `Ok` means that it is on disk, or refused.
    pub async fn take_from(
        &self,
        mut inbound: Inbound,
        origin: &Origin,
    ) -> Result<Taken, StoreError> {
        let peer = inbound.peer.clone();
        let sender = inbound.sender.clone().unwrap_or_else(|| peer.clone());
        let language = self.language_of(inbound.meta.as_ref(), &sender);
        if !self.may_write(&sender, &peer, origin).await? {
            self.offer_pairing(&sender, &inbound, language).await?;
            return Ok(Taken::Refused);
        }
        for alias in &origin.aliases {
            self.same_peer(alias, &sender).await?;
        }
        let obeyed = match &origin.commands {
            Commands::Obeyed => inbound.text.as_str(),
            Commands::Read(text) => text,
            Commands::Ignored => "",
        };
        let command = self.command(obeyed);
        chat_commands::mark_command(obeyed, command.is_some(), &mut inbound.meta);
        let received = self.store.receive(inbound)?.await?;
        // For duplicates too: a crash may have come between storing and running the command. The
        // idempotency key keeps it from running twice.
        if let Some(command) = command {
            let id = received.message.id.to_string();
            self.run_command(command, &peer, &id, language).await?;
        }
        Ok(if received.duplicate {
            Taken::Known
        } else {
            Taken::Fresh
        })
    }

    fn is_listed(&self, sender: &str, peer: &str) -> bool {
        [sender, peer].iter().any(|name| self.holds(name))
    }

    fn holds(&self, name: &str) -> bool {
        let name = plain(&self.channel, name);
        self.allowed.holds(&name) || self.pairings.knows(&self.channel, &name)
    }

    /// Whether this sender may write, by any of its names.
    pub async fn may_write(
        &self,
        sender: &str,
        peer: &str,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let mut names = origin.aliases.iter().chain(&origin.listed_as);
        if self.is_listed(sender, peer) || names.any(|name| self.holds(name)) {
            return Ok(true);
        }
        let (channel, asked) = (self.channel.clone(), [sender.to_owned(), peer.to_owned()]);
        let read = move |store: &Store| {
            let [of_sender, of_peer] = asked.map(|name| store.aliases(&channel, &name));
            Ok([of_sender?, of_peer?].concat())
        };
        let known = self.store.run_blocking(read).await?;
        Ok(known.iter().any(|name| self.holds(name)))
    }

    /// Stores a name as an alias of this peer, for ever.
    pub async fn same_peer(&self, name: &str, peer: &str) -> Result<(), StoreError> {
        let pair = (name.to_owned(), peer.to_owned());
        if name == peer || self.known_aliases().contains(&pair) {
            return Ok(());
        }
        self.store
            .remember_alias(&self.channel, name, peer)?
            .await?;
        let mut known = self.known_aliases();
        if known.len() == MAX_KNOWN_ALIASES {
            known.clear();
        }
        known.insert(pair);
        Ok(())
    }

    fn known_aliases(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        let known = self.known_aliases.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer that a name is an alias of; the name itself if it is none.
    pub async fn canonical(&self, name: &str) -> Result<String, StoreError> {
        let (channel, asked) = (self.channel.clone(), name.to_owned());
        let read = move |store: &Store| store.alias(&channel, &asked);
        let known = self.store.run_blocking(read).await?;
        Ok(known.unwrap_or_else(|| name.to_owned()))
    }

    /// Stores a revision (an edit, a deletion) of a message that the service knows by `name`: the dedup
    /// key of an inbound message, or the service's id of one of ours. False if no message has that name:
    /// it was refused, or is older than the seven days for which names are kept.
    pub async fn revise(&self, name: &str, revision: Revision) -> Result<bool, StoreError> {
        match self.store.revise(&self.channel, name, revision)?.await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Publishes that someone is typing or has stopped, unless that sender may not write.
    pub fn typing(&self, peer: &str, sender: Option<&str>, goes_on: bool) {
        if !self.is_listed(sender.unwrap_or(peer), peer) {
            return;
        }
        if let Some(audience) = self.audience.upgrade() {
            audience.hears_typing(&Typing {
                channel: &self.channel,
                peer,
                sender,
                goes_on,
            });
        }
    }

    /// Stores a message without checking the sender: one of the user's own from another device, or a
    /// post of a channel the user follows.
    pub async fn keep(&self, mut inbound: Inbound) -> Result<Taken, StoreError> {
        if is_own(inbound.meta.as_ref()) && inbound.kind == Kind::Text {
            chat_commands::mark_agent_command(&inbound.text, &mut inbound.meta);
        }
        let received = self.store.receive(inbound)?.await?;
        Ok(if received.duplicate {
            Taken::Known
        } else {
            Taken::Fresh
        })
    }

    /// Stores a service's receipt for one of our messages; false if none has that reference.
    pub async fn report(
        &self,
        reference: &str,
        state: State,
        error: Option<String>,
    ) -> Result<bool, StoreError> {
        let step = StatusUpdate {
            error,
            ..StatusUpdate::to(state)
        };
        match self.store.report(&self.channel, reference, step)?.await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// By what the service tells of the sender, the number, the setting, or the country that is set.
    fn language_of(&self, meta: Option<&Value>, sender: &str) -> Language {
        let peer = Peer {
            told: meta.and_then(|meta| text_at(meta, "language")),
            channel: &self.channel,
            address: sender,
        };
        peer.language(|| {
            let country = || self.country.or_else(|| self.pairings.country());
            let by_country = || country().and_then(|country| Language::of_country(country.name()));
            self.language.or_else(by_country).unwrap_or_default()
        })
    }

    async fn offer_pairing(
        &self,
        sender: &str,
        inbound: &Inbound,
        language: Language,
    ) -> Result<(), StoreError> {
        let peer = inbound.peer.as_str();
        // Never in a group: the code would let in the whole group.
        if sender != peer {
            return Ok(());
        }
        let name = inbound.meta.as_ref().and_then(|meta| meta["name"].as_str());
        let asker = Asker {
            sender: &plain(&self.channel, sender),
            name,
            text: &inbound.text,
            language,
        };
        let PairingOutcome::Fresh(code) = self.pairings.request(&self.channel, asker) else {
            return Ok(());
        };
        self.save_pairings().await;
        self.log.limited(
            LogLevel::Info,
            "pairing",
            "unknown sender got a pairing code; see: cleudocodebot pairing list",
            &[("channel", &self.channel)],
        );
        let text = format!(
            "Only people who were let in can write here. Your code is {code}: tell it to the owner."
        );
        let text = translated(language, &text).into_owned();
        self.send(peer, text, format!("pairing-{code}")).await
    }

    /// An error is only logged: if the request is lost with the daemon, the sender's next message
    /// creates another.
    async fn save_pairings(&self) {
        let pairings = Arc::clone(&self.pairings);
        let saved = run_blocking(move || pairings.save()).await;
        if let Ok(Err(error)) = saved {
            let fields: [LogField<'_>; 1] = [("error", &error)];
            self.log
                .error("pairing", "cannot save the pairing requests", &fields);
        }
    }

    async fn send(&self, peer: &str, text: String, key: String) -> Result<(), StoreError> {
        let draft = Draft {
            channel: self.channel.clone(),
            peer: peer.to_owned(),
            text,
            idempotency_key: Some(key),
            ..Draft::default()
        };
        self.store.queue(draft)?.await.map(drop)
    }

    async fn reply_usage(
        &self,
        peer: &str,
        text: &str,
        id: &str,
        language: Language,
    ) -> Result<(), StoreError> {
        let key = format!("usage-{id}");
        let text = translated(language, text).into_owned();
        self.send(peer, text, key).await
    }

    fn command(&self, text: &str) -> Option<Result<chat_commands::Command, &'static str>> {
        let country = self.country.or_else(|| self.pairings.country());
        let channel = phone::CHANNELS[0];
        chat_commands::read(text, |number| phone::written(channel, number, country).ok())
    }

    /// `/zap` and `/wa`: queues the message on `WhatsApp`; its outcome is reported to this chat.
    async fn run_command(
        &self,
        command: Result<chat_commands::Command, &'static str>,
        peer: &str,
        id: &str,
        language: Language,
    ) -> Result<(), StoreError> {
        let set_up = |name: &&str| self.router.route(name).is_ok();
        let to = phone::CHANNELS.into_iter().find(set_up);
        let (command, to) = match (command, to) {
            (Ok(command), Some(to)) => (command, to),
            (Err(usage), _) => return self.reply_usage(peer, usage, id, language).await,
            (Ok(_), None) => {
                let text = chat_commands::NOT_SET_UP;
                return self.reply_usage(peer, text, id, language).await;
            }
        };
        let draft = Draft {
            channel: to.to_owned(),
            peer: command.number,
            text: command.text,
            meta: Some(report_to(&self.channel, peer, language)),
            idempotency_key: Some(format!("slash-{id}")),
            ..Draft::default()
        };
        match self.store.queue(draft)?.await {
            // A conflict means that it ran already, when another `WhatsApp` channel was set up.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
