//! Polls that were seen in this run: a vote names its poll by an id alone
//! (<https://core.telegram.org/bots/api#pollanswer>).

use std::collections::VecDeque;

use serde_json::Value;

use super::{
    kinds::options,
    target::{Target, number_of},
};
use crate::message::text_at;

/// Polls that are remembered.
const MAX_KNOWN: usize = 256;

/// A poll and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownPoll {
    id: String,
    pub(super) place: Target,
    /// The name of its message.
    pub(super) name: String,
    pub(super) options: Vec<String>,
}

/// Polls that were seen, the oldest first.
#[derive(Debug, Default)]
pub(super) struct KnownPolls(VecDeque<KnownPoll>);

impl KnownPolls {
    /// Remembers the polls in a message and in the one it answers.
    pub(super) fn note(&mut self, message: &Value) {
        for message in [&message["reply_to_message"], message] {
            let (Some(id), Some(place)) =
                (text_at(&message["poll"], "id"), Target::of_message(message))
            else {
                continue;
            };
            self.0.retain(|known| known.id != id);
            if self.0.len() == MAX_KNOWN {
                self.0.pop_front();
            }
            self.0.push_back(KnownPoll {
                id: id.to_owned(),
                name: place.name_of(&number_of(message).unwrap_or_default()),
                options: options(&message["poll"]),
                place,
            });
        }
    }

    /// The poll of a vote, where it was seen.
    pub(super) fn find(&self, id: &str) -> Option<&KnownPoll> {
        self.0.iter().find(|known| known.id == id)
    }
}
