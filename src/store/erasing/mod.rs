//! Removing for good what is known of a person, or all that is older than a moment: messages in any state but that of
//! being sent, what happened to them, names, marks, turns of agents.
//!
//! First `survey` finds out what there is, then `removal` takes it away in slices, between the requests of others, and at
//! last the file is written anew, since the bytes of removed rows stay in it otherwise.
//!
//! Not here: the files of messages (`crate::media`), and what is kept outside of the store (`gateway`).

mod removal;
mod survey;

use std::collections::BTreeSet;

pub(super) use self::survey::Scope;
use super::{Store, error::StoreError, writer::pending::Pending};
use crate::message::MediaId;

/// How many messages one transaction looks at.
pub(super) const SLICE: usize = 500;

/// What is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erasing {
    /// What is known of a person on a channel: the conversation with them, and what they wrote in groups.
    Person {
        /// The channel.
        channel: String,
        /// The address, and the others that lead to it.
        names: Vec<String>,
    },
    /// Every message that was stored before a moment and does not wait to be sent.
    Before {
        /// Only of this channel.
        channel: Option<String>,
        /// By the wall clock, in ms since 1970.
        before_ms: u64,
    },
}

/// What there is to be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasable {
    /// Messages, with those in `waiting`.
    pub messages: u64,
    /// Of these, messages that the person wrote in groups.
    pub in_groups: u64,
    /// Of these, messages that wait to be sent: they are cancelled.
    pub waiting: u64,
    /// Messages of others that name the person outside of their text: the name is taken out.
    pub mentions: u64,
    /// When the first and the last of the messages were stored, in ms since 1970.
    pub span_ms: Option<(u64, u64)>,
    /// Turns of agents.
    pub turns: u64,
    /// The conversations of the messages, by their peers, where it is about a person.
    pub peers: BTreeSet<String>,
    /// What the person is called by the service, besides the addresses.
    pub called: BTreeSet<String>,
    /// The files of the messages, whoever else has them too.
    pub files: BTreeSet<MediaId>,
    /// The numbers of the messages that are to be removed or changed, oldest first.
    pub(super) numbers: Vec<u64>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Messages.
    pub messages: u64,
    /// Messages that stayed, because they were being sent.
    pub being_sent: u64,
    /// Turns of agents.
    pub turns: u64,
}

impl Store {
    /// Finds out what there is to be removed. Reads every message. Blocks.
    pub fn erasable(&self, what: &Erasing) -> Result<Erasable, StoreError> {
        self.view(|rows| survey::survey(rows, what))
    }

    /// Removes what was found. Blocks.
    pub fn erase(&self, what: &Erasing, found: &Erasable) -> Result<Erased, StoreError> {
        let mut erased = Erased::default();
        for slice in found.numbers.chunks(SLICE) {
            let slice = self.erase_messages(what.clone(), slice.to_vec())?;
            let slice = slice.blocking_recv()?;
            erased.messages += slice.messages;
            erased.being_sent += slice.being_sent;
        }
        if let Erasing::Person { channel, names } = what {
            let turns = self.view(|rows| survey::turns_of(rows, &Scope { channel, names }))?;
            let input = (channel.clone(), names.clone(), turns);
            erased.turns = self.submit(removal::person, input, 0)?.blocking_recv()?;
        }
        Ok(erased)
    }

    fn erase_messages(
        &self,
        what: Erasing,
        numbers: Vec<u64>,
    ) -> Result<Pending<Erased>, StoreError> {
        let weight = numbers.len() * size_of::<u64>();
        self.submit(removal::messages, (what, numbers), weight)
    }

    /// Writes the file anew, so that nothing is left in it of what was removed. Others read and write meanwhile.
    /// Blocks.
    pub fn rewrite(&self) -> Result<(), StoreError> {
        let shared = &self.0.shared;
        shared.check_barred()?;
        let rewritten = shared.backend.rewrite();
        rewritten.inspect_err(|error| shared.note_damage(error))?;
        // The words are not in it.
        shared.words.note(0, true);
        Ok(())
    }
}
