//! Messages of one conversation that come together and are answered as one.

use tokio::time::{Duration, Instant};

use crate::message::MessageId;

/// Most messages of one turn. Where more come while it waits, the oldest are left to the history.
pub(super) const MAX_MESSAGES: usize = 32;

/// Longest time that messages are gathered, however quickly they follow.
const LONGEST: Duration = Duration::from_secs(20);

/// What came and is no turn yet.
#[derive(Debug, Clone)]
pub(super) struct Gathering {
    /// Who wrote the first one, where that is not the peer.
    pub(super) sender: Option<String>,
    /// Oldest first; at least one.
    pub(super) messages: Vec<MessageId>,
    began: Instant,
    last: Instant,
}

impl Gathering {
    /// Begins with a message.
    pub(super) fn new(id: MessageId, sender: Option<String>, now: Instant) -> Self {
        Self {
            sender,
            messages: vec![id],
            began: now,
            last: now,
        }
    }

    /// Another message. Many may come at once, as after a time offline: beyond a turn's worth the oldest are left to
    /// the history.
    pub(super) fn add(&mut self, id: MessageId, now: Instant) {
        self.messages = appended(std::mem::take(&mut self.messages), &[id]);
        self.last = now;
    }

    /// When these become a turn.
    pub(super) fn due(&self, quiet: Duration) -> Instant {
        if self.messages.len() >= MAX_MESSAGES {
            return self.last;
        }
        (self.last + quiet).min(self.began + LONGEST.max(quiet))
    }

    /// The sequence number before the first message.
    pub(super) fn before(&self) -> u64 {
        self.messages
            .first()
            .map_or(0, |first| first.0.saturating_sub(1))
    }
}

/// The messages of a turn that waits, with those that came since.
pub(super) fn appended(mut messages: Vec<MessageId>, more: &[MessageId]) -> Vec<MessageId> {
    messages.extend(more);
    let over = messages.len().saturating_sub(MAX_MESSAGES);
    messages.split_off(over)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_millis(1500);

    #[tokio::test(start_paused = true)]
    async fn each_message_extends_the_wait_up_to_a_bound() {
        let began = Instant::now();
        let mut gathering = Gathering::new(MessageId(7), None, began);
        assert_eq!(gathering.due(QUIET), began + QUIET);
        for seconds in 1..=19 {
            gathering.add(MessageId(7 + seconds), began + Duration::from_secs(seconds));
        }
        assert_eq!(gathering.due(QUIET), began + LONGEST);
        let patient = Duration::from_secs(60);
        assert_eq!(gathering.due(patient), began + patient);
        assert_eq!(gathering.before(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_turn_waits_no_longer_and_keeps_the_newest() {
        let now = Instant::now();
        let mut gathering = Gathering::new(MessageId(1), None, now);
        for number in 2..=MAX_MESSAGES as u64 {
            gathering.add(MessageId(number), now);
        }
        assert_eq!(gathering.due(QUIET), now);
        let mut flood = gathering.clone();
        for number in 33..=1000 {
            flood.add(MessageId(number), now);
        }
        assert_eq!(flood.messages.len(), MAX_MESSAGES);
        assert_eq!((flood.before(), flood.messages[31]), (968, MessageId(1000)));
        let all = appended(gathering.messages, &[MessageId(90), MessageId(91)]);
        assert_eq!((all.len(), all[0]), (MAX_MESSAGES, MessageId(3)));
        assert_eq!(all.last(), Some(&MessageId(91)));
    }
}
