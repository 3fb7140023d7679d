//! Whether a message is one to tell a device of.
//!
//! Not here: which device wants it, and whether it is being read already.

use serde_json::Value;

use crate::{
    integrations::webchat,
    message::{Direction, Kind, Message, State, text_at},
    store::{Occasion, StoredEvent},
};

/// What is said about other messages or about the conversation, and said by nobody.
const ASIDES: [Kind; 3] = [Kind::Reaction, Kind::Vote, Kind::System];

/// What the addresses of those end with who write to many at once.
const TO_MANY: [&str; 2] = ["@newsletter", "@broadcast"];

/// What marks a message in its `meta` that did not come now, was not written to us, or was written by us.
const MARKS: [&str; 5] = ["history", "edited", "own", "broadcast", "standby"];

/// Whether a stored event is a message to tell of: one that came in just now, or an answer of an agent to the user
/// of the page, who is no less away while the page is closed.
pub(super) fn is_worth_telling(event: &StoredEvent) -> bool {
    let message = &event.message;
    event.occasion == Occasion::State && (came_in(message) || is_answer_to_page(message))
}

fn came_in(message: &Message) -> bool {
    let is_new = message.direction == Direction::In && message.state == State::Received;
    let is_to_many = TO_MANY.iter().any(|end| message.peer.ends_with(end));
    let meta = message.meta.as_ref().unwrap_or(&Value::Null);
    let is_marked = MARKS.iter().any(|mark| meta[mark] == true);
    is_new && !ASIDES.contains(&message.kind) && !is_to_many && !is_marked
}

/// In the page's own conversation it is the other way round: what came in its user wrote, and what goes out
/// is for that user.
fn is_answer_to_page(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    message.channel == webchat::NAME
        && message.direction == Direction::Out
        && message.state == State::Queued
        && message.attempts == 0
        && meta.is_some_and(|meta| text_at(meta, "agent").is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(message: Message) -> StoredEvent {
        StoredEvent {
            seq: 1,
            occasion: Occasion::State,
            message,
        }
    }

    fn with_meta(meta: Value) -> Message {
        Message {
            meta: Some(meta),
            ..Message::sample("whatsapp", "55")
        }
    }

    #[test]
    fn what_came_in_now_is_told_and_what_is_of_the_past_or_our_own_is_not() {
        assert!(is_worth_telling(&event(Message::sample("whatsapp", "55"))));
        assert!(is_worth_telling(&event(with_meta(json!({"name": "Ana"})))));
        for mark in MARKS {
            let marked = with_meta(json!({mark: true}));
            assert!(!is_worth_telling(&event(marked)), "{mark}");
        }
        for peer in ["1@newsletter", "status@broadcast"] {
            let message = Message::sample("whatsapp", peer);
            assert!(!is_worth_telling(&event(message)), "{peer}");
        }
        let sent = Message {
            direction: Direction::Out,
            state: State::Queued,
            ..Message::sample("whatsapp", "55")
        };
        assert!(!is_worth_telling(&event(sent)));
    }

    #[test]
    fn a_change_of_a_message_is_no_message() {
        for occasion in [Occasion::Edited, Occasion::Deleted, Occasion::Media] {
            let changed = StoredEvent {
                occasion,
                ..event(Message::sample("whatsapp", "55"))
            };
            assert!(!is_worth_telling(&changed), "{occasion:?}");
        }
    }

    #[test]
    fn reactions_votes_and_notes_of_the_system_are_no_messages() {
        let told = |kind: &Kind| {
            let message = Message {
                kind: *kind,
                ..Message::sample("whatsapp", "55")
            };
            is_worth_telling(&event(message))
        };
        let silent: Vec<_> = Kind::ALL.into_iter().filter(|kind| !told(kind)).collect();
        assert_eq!(silent, [Kind::Vote, Kind::Reaction, Kind::System]);
    }

    #[test]
    fn an_agents_answer_in_the_page_is_told_once() {
        let answer = Message {
            direction: Direction::Out,
            state: State::Queued,
            meta: Some(json!({"agent": "pi"})),
            ..Message::sample("webchat", "visitor")
        };
        assert!(is_worth_telling(&event(answer.clone())));
        for other in [
            Message {
                state: State::Sending,
                ..answer.clone()
            },
            Message {
                attempts: 1,
                ..answer.clone()
            },
            Message {
                channel: "telegram".to_owned(),
                ..answer.clone()
            },
            Message {
                meta: None,
                ..answer
            },
        ] {
            assert!(!is_worth_telling(&event(other.clone())), "{other:?}");
        }
    }
}
