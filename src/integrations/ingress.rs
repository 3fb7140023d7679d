//! What comes in: checked against the allow-list, stored, and only then acknowledged to the service.
//!
//! Whoever is not on the list gets a code to pair with, and nothing of what they wrote is processed.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::{
    Audience, Typing,
    allow_list::{AllowList, plain},
    chat_commands,
    pairing::{PairingOutcome, Pairings},
};
use crate::{
    log::{Log, LogField},
    message::State,
    panics::run_blocking,
    phone::{self, Country},
    router::Router,
    store::{Draft, Inbound, Revision, StatusUpdate, Store, StoreError, report_to},
};

/// The way in of one channel.
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
    known_aliases: Arc<Mutex<HashSet<(String, String)>>>,
}

/// What became of something that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Stored now.
    Fresh,
    /// Stored before.
    Known,
    /// From someone who may not write.
    Refused,
}

/// What else is known of a message besides what is stored of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Other names of whoever wrote it: remembered from then on as the same person.
    pub aliases: Vec<String>,
    /// Names by which the allow-list may hold whoever wrote it, and that others have too: a user name,
    /// the chat around a topic.
    pub listed_as: Vec<String>,
    /// Whether a command in it is obeyed.
    pub commands: Commands,
}

/// Whether a command in a message is obeyed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Commands {
    /// As it stands in the text.
    #[default]
    Obeyed,
    /// As it stands here.
    Read(String),
    /// There is none for us.
    Ignored,
}

/// Aliases that are known to be on disk, so that they are not written again.
const MAX_KNOWN_ALIASES: usize = 4096;

impl Ingress {
    /// A way in.
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
            known_aliases: Arc::default(),
        }
    }

    /// The same where numbers may be written without the code of this country.
    #[must_use]
    pub fn of_country(mut self, country: Option<Country>) -> Self {
        self.country = country;
        self
    }

    /// Where to say what happened.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Takes one message of which nothing else is known. When it comes back it is on disk.
    pub async fn take(&self, inbound: Inbound) -> Result<Taken, StoreError> {
        self.take_from(inbound, &Origin::default()).await
    }

    /// Takes one message. When it comes back it is on disk.
    pub async fn take_from(&self, inbound: Inbound, origin: &Origin) -> Result<Taken, StoreError> {
        let peer = inbound.peer.clone();
        let sender = inbound.sender.clone().unwrap_or_else(|| peer.clone());
        if !self.may_write(&sender, &peer, origin).await? {
            self.ask_to_pair(&sender, &peer).await?;
            return Ok(Taken::Refused);
        }
        for alias in &origin.aliases {
            self.same_peer(alias, &sender).await?;
        }
        let command = match &origin.commands {
            Commands::Obeyed => self.command(&inbound.text),
            Commands::Read(text) => self.command(text),
            Commands::Ignored => None,
        };
        let received = self.store.receive(inbound)?.await?;
        // Also of a repeat: a crash may have come before its command was obeyed, whose own key keeps
        // it from being obeyed twice.
        if let Some(command) = command {
            self.obey(command, &peer, &received.message.id.to_string())
                .await?;
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

    /// Whether this sender may write, by any name it is known by.
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

    /// Remembers that a name means this peer of the channel, for ever.
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

    /// The peer that a name means on this channel: itself where nothing else was remembered.
    pub async fn canonical(&self, name: &str) -> Result<String, StoreError> {
        let (channel, asked) = (self.channel.clone(), name.to_owned());
        let read = move |store: &Store| store.alias(&channel, &asked);
        let known = self.store.run_blocking(read).await?;
        Ok(known.unwrap_or_else(|| name.to_owned()))
    }

    /// Takes what its author did to a message, which the service knows by `name`: the dedup key it
    /// came with, or a name it gave to one of ours. False where no message goes by it: one that was
    /// not taken, or whose seven days are over.
    pub async fn revise(&self, name: &str, revision: Revision) -> Result<bool, StoreError> {
        match self.store.revise(&self.channel, name, revision)?.await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the news that someone writes, or no longer does. Of those who may not write, nobody
    /// hears.
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

    /// Keeps a message without asking who wrote it: one of the user's own from another device, a post
    /// of a channel the user reads.
    pub async fn keep(&self, inbound: Inbound) -> Result<Taken, StoreError> {
        let received = self.store.receive(inbound)?.await?;
        Ok(if received.duplicate {
            Taken::Known
        } else {
            Taken::Fresh
        })
    }

    /// Takes a service's report on one of our messages; false where it knows none by that name.
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

    /// The store, for integrations that know our ids.
    pub fn store(&self) -> &Store {
        &self.store
    }

    async fn ask_to_pair(&self, sender: &str, peer: &str) -> Result<(), StoreError> {
        // A group is told nothing: whoever is in it could pair the whole group.
        if sender != peer {
            return Ok(());
        }
        let PairingOutcome::Fresh(code) = self
            .pairings
            .request(&self.channel, &plain(&self.channel, sender))
        else {
            return Ok(());
        };
        self.keep_pairings().await;
        self.log.info(
            "pairing",
            "someone unknown asks to pair; see: cleudocodebot pairing list",
            &[("channel", &self.channel)],
        );
        let text = format!(
            "This is a private assistant. To let you in, its owner runs: \
             cleudocodebot pairing approve {} {code}",
            self.channel
        );
        self.send(peer, text, format!("pairing-{code}")).await
    }

    /// Writes down who asks. A code that is lost with the daemon is asked for again.
    async fn keep_pairings(&self) {
        let pairings = Arc::clone(&self.pairings);
        let saved = run_blocking(move || pairings.save()).await;
        if let Ok(Err(error)) = saved {
            let fields: [LogField<'_>; 1] = [("error", &error)];
            self.log
                .error("pairing", "who asks cannot be written down", &fields);
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

    async fn explain(&self, peer: &str, why: &str, id: &str) -> Result<(), StoreError> {
        let key = format!("usage-{id}");
        self.send(peer, why.to_owned(), key).await
    }

    fn command(&self, text: &str) -> Option<Result<chat_commands::Command, &'static str>> {
        let country = self.country.or_else(|| self.pairings.country());
        let channel = phone::CHANNELS[0];
        chat_commands::read(text, |number| phone::written(channel, number, country).ok())
    }

    /// `/zap` and `/wa`: send on `WhatsApp`; the delivery reports back here.
    async fn obey(
        &self,
        command: Result<chat_commands::Command, &'static str>,
        peer: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        let set_up = |name: &&str| self.router.route(name).is_ok();
        let to = phone::CHANNELS.into_iter().find(set_up);
        let (command, to) = match (command, to) {
            (Ok(command), Some(to)) => (command, to),
            (Err(usage), _) => return self.explain(peer, usage, id).await,
            (Ok(_), None) => return self.explain(peer, chat_commands::NOT_SET_UP, id).await,
        };
        let draft = Draft {
            channel: to.to_owned(),
            peer: command.number,
            text: command.text,
            meta: Some(report_to(&self.channel, peer)),
            idempotency_key: Some(format!("slash-{id}")),
            ..Draft::default()
        };
        match self.store.queue(draft)?.await {
            // It was obeyed when another channel was set up.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
