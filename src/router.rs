//! Maps a channel's name to its delivery worker. Knows names and queues, not integrations.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{PoisonError, RwLock},
};

use tokio::sync::mpsc;

use crate::{
    config::services::SERVICES,
    message::{Direction, Message, MessageId, State, media::wants_fetching},
};

/// What wakes a delivery worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wakeup {
    /// This message to this peer is new in the outbox.
    Queued(MessageId, String),
    /// This message to this peer was withdrawn: those behind it need not wait for its time.
    Withdrawn(MessageId, String),
    /// This peer could not be reached before and may be reachable now.
    Peer(String),
    /// The state of the integration or its rate limit changed.
    All,
    /// The cluster's stream has this message to this peer, behind all that came before it.
    #[cfg(feature = "nats")]
    Released(MessageId, String),
    /// Another node sends now: what waits is no longer ours.
    #[cfg(feature = "nats")]
    Disowned,
    /// Whether the cluster is away and this node goes on alone, with what is on its disk.
    #[cfg(feature = "nats")]
    Alone(bool),
}

/// What wakes a worker that fetches files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchWakeup {
    /// This message has a file that is to be fetched.
    Wanted(MessageId),
    /// The state of the integration changed.
    All,
}

/// The route of one channel.
#[derive(Debug, Clone)]
pub struct Route {
    /// The delivery worker.
    pub worker: mpsc::UnboundedSender<Wakeup>,
    /// The worker that fetches files.
    pub fetcher: mpsc::UnboundedSender<FetchWakeup>,
    /// Whether clients may hand in messages with `receive`.
    pub clients_hand_in: bool,
}

/// The routes of all channels.
#[derive(Debug, Default)]
pub struct Router(RwLock<BTreeMap<String, Route>>);

/// The error for a channel that does not exist, with the names that do; for one of a service that is only not
/// set up, with the way to do that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownChannel {
    name: String,
    known: Vec<String>,
}

impl Router {
    /// Adds or replaces the route of a channel.
    pub fn add(&self, channel: &str, route: Route) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(channel.to_owned(), route);
    }

    /// Removes the route of a channel; its worker ends.
    pub fn remove(&self, channel: &str) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(channel);
    }

    /// The route of a channel.
    pub fn route(&self, channel: &str) -> Result<Route, UnknownChannel> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        routes.get(channel).cloned().ok_or_else(|| UnknownChannel {
            name: channel.to_owned(),
            known: routes.keys().cloned().collect(),
        })
    }

    /// Wakes the worker of the channel that has work by this message, queued or with a file to be fetched.
    pub fn stored(&self, message: &Message) {
        if message.direction == Direction::In && wants_fetching(message.media.as_ref()) {
            self.wake_fetcher(&message.channel, FetchWakeup::Wanted(message.id));
        }
        let wakeup = match message.state {
            State::Queued => Wakeup::Queued,
            State::Cancelled => Wakeup::Withdrawn,
            _ => return,
        };
        self.wakeup(&message.channel, || {
            wakeup(message.id, message.peer.clone())
        });
    }

    /// Wakes a channel's worker because a peer may be reachable now.
    pub fn wake_peer(&self, channel: &str, peer: &str) {
        self.wakeup(channel, || Wakeup::Peer(peer.to_owned()));
    }

    /// Wakes a channel's worker because the state or the limits of its channel changed.
    pub fn wake_all(&self, channel: &str) {
        self.wakeup(channel, || Wakeup::All);
        self.wake_fetcher(channel, FetchWakeup::All);
    }

    /// Wakes a channel's worker for what the cluster decided.
    #[cfg(feature = "nats")]
    pub fn wake(&self, channel: &str, why: Wakeup) {
        self.wakeup(channel, || why);
    }

    fn wake_fetcher(&self, channel: &str, wakeup: FetchWakeup) {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(channel) {
            let _ = route.fetcher.send(wakeup);
        }
    }

    /// A failed send is ignored: a worker that has ended finds its outbox on disk when it starts again.
    fn wakeup(&self, channel: &str, wakeup: impl FnOnce() -> Wakeup) {
        if let Some(route) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(channel)
        {
            let _ = route.worker.send(wakeup());
        }
    }
}

impl fmt::Display for UnknownChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = key_of(&self.name) {
            return write!(
                f,
                "{} is not set up yet; set it up with cleudocodebot onboard, or put {key} into .env \
                 and run cleudocodebot reload",
                self.name
            );
        }
        write!(
            f,
            "no channel {:?}; there are: {}",
            self.name,
            self.known.join(", ")
        )
    }
}

/// The key in `.env` that makes this channel exist, where a service has it.
fn key_of(channel: &str) -> Option<String> {
    let mut services = SERVICES.iter();
    let service = services.find(|service| service.channels.contains(&channel))?;
    service.secret_key(channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_channel_error_lists_the_known_ones_or_says_how_to_set_it_up() {
        let router = Router::default();
        let (worker, _inbox) = mpsc::unbounded_channel();
        let (fetcher, _wanted) = mpsc::unbounded_channel();
        router.add(
            "webchat",
            Route {
                worker,
                fetcher,
                clients_hand_in: true,
            },
        );
        assert!(router.route("webchat").is_ok());
        let unknown = router.route("fax").expect_err("no such channel");
        assert_eq!(
            unknown.to_string(),
            "no channel \"fax\"; there are: webchat"
        );
        for (name, key) in [
            ("whatsapp", "put WHATSAPP_API_TOKEN_INSTANCE into"),
            ("telegram", "put TELEGRAM_BOT_TOKEN into"),
            ("discord-2", "put DISCORD_BOT_TOKEN_2 into"),
            ("whatsapp-cloud", "put WHATSAPP_CLOUD_TOKEN into"),
        ] {
            let unknown = router.route(name).expect_err("not set up").to_string();
            let is_told = unknown.starts_with(&format!("{name} is not set up yet"));
            assert!(is_told && unknown.contains(key), "{unknown}");
        }
        let unknown = router.route("telegram-9").expect_err("no such channel");
        assert!(unknown.to_string().starts_with("no channel"), "{unknown}");
    }
}
