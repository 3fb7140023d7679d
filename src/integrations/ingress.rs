//! What comes in: checked against the allow-list, stored, and only then acknowledged to the service.
//!
//! Whoever is not on the list gets a code to pair with, and nothing of what they wrote is processed.

use std::sync::{Arc, Weak};

use super::{
    Audience, Typing, chat_commands,
    pairing::{PairingOutcome, Pairings},
};
use crate::{
    log::{Log, LogField},
    message::State,
    panics::run_blocking,
    phone,
    router::Router,
    store::{Draft, Inbound, StatusUpdate, Store, StoreError, report_to},
};

/// The way in of one channel.
#[derive(Clone)]
pub struct Ingress {
    channel: String,
    allowed: Allowed,
    pairings: Arc<Pairings>,
    store: Store,
    router: Arc<Router>,
    log: Log,
    audience: Weak<dyn Audience>,
}

/// Who may write, by the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Everyone.
    All,
    /// Those named here and those that were paired.
    Listed(Vec<String>),
}

impl Allowed {
    /// Reads the `*_ALLOW_FROM` of a channel.
    pub fn read(channel: &str, text: &str) -> Self {
        let names = text.split(',').map(|name| plain(channel, name.trim()));
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| name == "*") {
            Self::All
        } else {
            Self::Listed(names)
        }
    }

    fn holds(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(names) => names.iter().any(|listed| listed == name),
        }
    }
}

/// An address without what does not tell people apart.
fn plain(channel: &str, name: &str) -> String {
    phone::peer(channel, name.strip_prefix('+').unwrap_or(name))
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

impl Ingress {
    /// A way in.
    pub fn new(
        channel: &str,
        allowed: Allowed,
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
        }
    }

    /// Where to say what happened.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Takes one message. When it comes back it is on disk.
    pub async fn take(&self, inbound: Inbound) -> Result<Taken, StoreError> {
        let sender = inbound
            .sender
            .clone()
            .unwrap_or_else(|| inbound.peer.clone());
        if !self.is_listed(&sender, &inbound.peer) {
            self.ask_to_pair(&sender, &inbound.peer).await?;
            return Ok(Taken::Refused);
        }
        let (peer, text) = (inbound.peer.clone(), inbound.text.clone());
        let received = self.store.receive(inbound)?.await?;
        // Also of a repeat: a crash may have come before its command was obeyed, whose own key keeps
        // it from being obeyed twice.
        if let Some(command) = chat_commands::read(&text) {
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
        [sender, peer]
            .map(|name| plain(&self.channel, name))
            .iter()
            .any(|name| self.allowed.holds(name) || self.pairings.knows(&self.channel, name))
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

    /// Keeps a message of the user's own, written on another device.
    pub async fn take_own(&self, inbound: Inbound) -> Result<Taken, StoreError> {
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
            peer: phone::peer(to, &command.number),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_whom_they_name_and_a_star_holds_all() {
        let holds = |list: &str, name: &str| {
            let name = plain("whatsapp", name);
            Allowed::read("whatsapp", list).holds(&name)
        };
        let list = " +5511, 42 ,+55 11 98765-4321,554888887777";
        for name in ["5511@s.whatsapp.net", "42", "551187654321", "5548988887777"] {
            assert!(holds(list, name), "{name}");
        }
        for name in ["4", "", "5511987654322"] {
            assert!(!holds(list, name), "{name}");
        }
        assert!(Allowed::read("telegram", "+42").holds("42"));
        assert!(Allowed::read("telegram", "1,*").holds("anyone"));
        assert!(!Allowed::read("telegram", "").holds("anyone"));
    }
}
