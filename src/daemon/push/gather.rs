//! Messages of one conversation that come in quick succession are one push, of the newest of them.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::push::PushNews;

/// How long a first message waits for others.
const QUIET: Duration = Duration::from_secs(1);

/// From one push of a conversation to its next.
const SPACING: Duration = Duration::from_secs(5);

/// Conversations at a time that have something to tell, or had within [`SPACING`].
const MAX_CONVERSATIONS: usize = 1024;

/// What is told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gathered {
    /// The newest.
    pub(super) news: PushNews,
    /// How many it stands for.
    pub(super) count: u32,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is the first of those that are told together.
    First,
    /// It joined others.
    Joined,
    /// There are too many conversations.
    NoRoom,
}

#[derive(Debug)]
struct Conversation {
    /// What is to be told.
    gathered: Option<Gathered>,
    /// When it is; where there is nothing, when this may be forgotten.
    due: Instant,
}

/// All conversations in which something came in lately.
#[derive(Debug, Default)]
pub(super) struct Gather(HashMap<(String, String), Conversation>);

impl Gather {
    /// A message came in.
    pub(super) fn hear(&mut self, news: PushNews, now: Instant) -> Heard {
        let key = (news.channel.clone(), news.peer.clone());
        if self.0.len() >= MAX_CONVERSATIONS && !self.0.contains_key(&key) {
            return Heard::NoRoom;
        }
        let conversation = self.0.entry(key).or_insert(Conversation {
            gathered: None,
            due: now,
        });
        let before = conversation.gathered.take();
        let count = before.as_ref().map_or(0, |before| before.count);
        conversation.gathered = Some(Gathered {
            news,
            count: count.saturating_add(1),
        });
        if before.is_some() {
            return Heard::Joined;
        }
        conversation.due = conversation.due.max(now + QUIET);
        Heard::First
    }

    /// Takes out what is to be told by now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Gathered> {
        let mut due = Vec::new();
        self.0.retain(|_, conversation| {
            if conversation.due > now {
                return true;
            }
            let gathered = conversation.gathered.take();
            let is_told = gathered.is_some();
            due.extend(gathered);
            conversation.due = now + SPACING;
            is_told
        });
        due
    }

    /// When there is something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().map(|conversation| conversation.due).min()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0 = HashMap::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, MessageId};

    fn news(peer: &str, number: u64) -> PushNews {
        PushNews::of(&Message {
            id: MessageId(number),
            ..Message::sample("telegram", peer)
        })
    }

    fn told(gather: &mut Gather, now: Instant) -> Vec<(u64, u32)> {
        let due = gather.take_due(now);
        due.iter()
            .map(|one| (one.news.message_id.0, one.count))
            .collect()
    }

    #[test]
    fn a_burst_is_told_once_by_its_newest_with_their_count() {
        let (mut gather, begun) = (Gather::default(), Instant::now());
        assert_eq!(gather.hear(news("ana", 1), begun), Heard::First);
        let soon = begun + QUIET / 2;
        assert_eq!(gather.hear(news("ana", 2), soon), Heard::Joined);
        assert_eq!(told(&mut gather, soon), []);
        assert_eq!(gather.next(), Some(begun + QUIET), "not put off for ever");
        assert_eq!(told(&mut gather, begun + QUIET), [(2, 2)]);
        assert_eq!(told(&mut gather, begun + QUIET), []);
    }

    #[test]
    fn the_next_of_a_conversation_comes_after_a_while_and_of_others_at_once() {
        let (mut gather, begun) = (Gather::default(), Instant::now());
        gather.hear(news("ana", 1), begun);
        let first = begun + QUIET;
        assert_eq!(told(&mut gather, first), [(1, 1)]);
        gather.hear(news("ana", 2), first);
        gather.hear(news("bia", 3), first);
        assert_eq!(told(&mut gather, first + QUIET), [(3, 1)]);
        assert_eq!(told(&mut gather, first + SPACING), [(2, 1)]);
        assert!(gather.take_due(first + 3 * SPACING).is_empty());
        assert_eq!(gather.next(), None, "it is forgotten");
    }

    #[test]
    fn conversations_are_bounded_and_those_that_are_there_go_on() {
        let (mut gather, now) = (Gather::default(), Instant::now());
        for number in 0..MAX_CONVERSATIONS {
            let heard = gather.hear(news(&number.to_string(), 1), now);
            assert_eq!(heard, Heard::First);
        }
        assert_eq!(gather.hear(news("one more", 1), now), Heard::NoRoom);
        assert_eq!(gather.hear(news("0", 2), now), Heard::Joined);
        assert_eq!(gather.take_due(now + QUIET).len(), MAX_CONVERSATIONS);
        gather.clear();
        assert_eq!(gather.hear(news("one more", 1), now), Heard::First);
    }
}
