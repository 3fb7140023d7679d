//! Who hears an event: found by matching the topics of every subscriber once, then remembered until a
//! subscription changes. Events come far more often than subscriptions do.

use std::{collections::HashMap, sync::Arc};

use super::handle::ClientHandle;
use crate::protocol::describe::EventName;

/// What may be remembered over all events, counted in pointers, keys included: about half a mebibyte.
/// Beyond it all is forgotten and found again.
const MAX_REMEMBERED: usize = 65_536;

/// What an audience takes besides its subscribers and its key.
const AUDIENCE_WEIGHT: usize = 16;

/// Channel and peer of a conversation.
pub(super) type ConversationRef<'a> = (&'a str, &'a str);

/// The audiences of the events of late, each by the event's name and conversation.
#[derive(Default)]
pub(super) struct Audiences {
    remembered: Vec<Audience>,
    /// Where each is, by its key.
    places: HashMap<String, usize>,
    /// Where the last one was found: mostly the next event is of the same kind.
    last: usize,
    size: usize,
    /// Where the key of a look-up is written, so that one does not allocate.
    key: String,
}

struct Audience {
    key: String,
    handles: Vec<Arc<ClientHandle>>,
}

impl Audiences {
    /// The subscribers that hear an event of this name, about this conversation where it is about one.
    pub(super) fn of(
        &mut self,
        subscribers: &[Arc<ClientHandle>],
        name: EventName<'_>,
        conversation: Option<ConversationRef<'_>>,
    ) -> &[Arc<ClientHandle>] {
        if subscribers.is_empty() {
            return &[];
        }
        self.write_key(name, conversation);
        let is_last = |last: &Audience| last.key == self.key;
        if !self.remembered.get(self.last).is_some_and(is_last) {
            self.last = match self.places.get(&self.key) {
                Some(place) => *place,
                None => self.find(subscribers, name, conversation),
            };
        }
        &self.remembered[self.last].handles
    }

    /// Forgets all, because a subscription changed.
    pub(super) fn forget(&mut self) {
        if !self.remembered.is_empty() {
            *self = Self::default();
        }
    }

    /// No channel has a NUL in its name, so no two keys are the same.
    fn write_key(&mut self, name: EventName<'_>, conversation: Option<ConversationRef<'_>>) {
        self.key.clear();
        self.key.push_str(name.as_str());
        if let Some((channel, peer)) = conversation {
            for part in [channel, peer] {
                self.key.push('\0');
                self.key.push_str(part);
            }
        }
    }

    fn find(
        &mut self,
        subscribers: &[Arc<ClientHandle>],
        name: EventName<'_>,
        conversation: Option<ConversationRef<'_>>,
    ) -> usize {
        let hears = |handle: &&Arc<ClientHandle>| match conversation {
            None => handle.wants_event(name),
            Some(conversation) => handle.wants_event_about(name, conversation),
        };
        let handles: Vec<_> = subscribers.iter().filter(hears).cloned().collect();
        // The key is kept twice.
        let size = AUDIENCE_WEIGHT + handles.len() + self.key.len() / 4;
        if self.size + size > MAX_REMEMBERED {
            self.remembered.clear();
            self.places.clear();
            self.size = 0;
        }
        self.size += size;
        let (key, place) = (self.key.clone(), self.remembered.len());
        self.places.insert(key.clone(), place);
        self.remembered.push(Audience { key, handles });
        place
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{
        gateway::permissions::Access,
        protocol::{describe::event, dialect::Dialect},
    };

    fn subscriber(id: u64, topic: &str) -> Arc<ClientHandle> {
        let handle = ClientHandle::new(
            id,
            SocketAddr::from(([127, 0, 0, 1], 1)),
            Dialect::Triple,
            4096,
        );
        handle.set_access(Access::Owner);
        handle.with_topics(|topics| topics.push(topic.parse().expect("a topic")));
        Arc::new(handle)
    }

    fn ids(audience: &[Arc<ClientHandle>]) -> Vec<u64> {
        audience.iter().map(|handle| handle.id).collect()
    }

    #[test]
    fn names_and_conversations_have_audiences_of_their_own() {
        let all = [
            subscriber(1, "message.*"),
            subscriber(2, "message.status@webchat/ana"),
            subscriber(3, "app.x"),
        ];
        let mut audiences = Audiences::default();
        for _ in 0..2 {
            let mut heard = |name, conversation| ids(audiences.of(&all, name, conversation));
            assert_eq!(
                heard(event::MESSAGE_STATUS, Some(("webchat", "ana"))),
                [1, 2]
            );
            assert_eq!(heard(event::MESSAGE_STATUS, Some(("webchat", "bia"))), [1]);
            assert_eq!(
                heard(event::MESSAGE_RECEIVED, Some(("webchat", "ana"))),
                [1]
            );
            assert_eq!(heard(EventName::app("app.x").expect("ours"), None), [3]);
            assert!(heard(event::LOG, None).is_empty());
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_stays_right() {
        let all = [subscriber(1, "message.*")];
        let mut audiences = Audiences::default();
        for peer in 0..MAX_REMEMBERED {
            let peer = peer.to_string();
            let heard = audiences.of(&all, event::MESSAGE_STATUS, Some(("webchat", &peer)));
            assert_eq!(ids(heard), [1]);
            assert!(audiences.remembered.len() <= MAX_REMEMBERED / 2);
        }
        audiences.forget();
        assert!(audiences.of(&[], event::LOG, None).is_empty());
    }
}
