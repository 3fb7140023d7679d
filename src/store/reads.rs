//! The methods of [`Store`] that read. Each opens a snapshot and may wait for the disk: call them
//! where blocking is allowed, or through [`Store::run_blocking`].
//!
//! Not here: how a query is answered (`queries`).

use std::time::Duration;

use super::{
    Store,
    answer::{
        ConversationNews, Conversations, DueTime, HistoryPage, MediaRow, StoredEvent, Transition,
        WaitingFetch,
    },
    error::StoreError,
    index,
    queries::{
        aliases, conversations, events, history, media, message, outbox, revisions,
        scheduled::{self, ScheduledPage, ScheduledQuery},
    },
    request::{AcceptedParts, ConversationQuery, HistoryQuery, SendAt},
    rows::keys,
    time, words,
};
use crate::message::{MediaId, Message, MessageId};

impl Store {
    /// The peer that a name means, if it is not the name of a peer itself. Blocks.
    pub fn alias(&self, channel: &str, name: &str) -> Result<Option<String>, StoreError> {
        self.view(|rows| aliases::peer_of(rows, channel, name))
    }

    /// The other names of a peer. Blocks.
    pub fn aliases(&self, channel: &str, peer: &str) -> Result<Vec<String>, StoreError> {
        self.view(|rows| aliases::names_of(rows, channel, peer))
    }

    /// The groups of a channel that were named, by their addresses, each with its name. Blocks.
    pub fn group_names(&self, channel: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.view(|rows| conversations::group_names(rows, channel))
    }

    /// A message and everything that happened to it, oldest first. Blocks.
    pub fn message(&self, id: MessageId) -> Result<Option<(Message, Vec<Transition>)>, StoreError> {
        self.view(|rows| message::message(rows, id.0))
    }

    /// A page of messages. Blocks.
    pub fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        self.view(|rows| match &query.words {
            Some(wanted) => {
                let (scope, span) = history::of_words(query)?;
                words::search(rows, query, wanted, scope.as_deref(), span)
            }
            None => history::history(rows, query),
        })
    }

    /// How long ago this happened to a message, by the store's time: what the wall clock did meanwhile
    /// does not count. Blocks.
    pub fn age(&self, step: &Transition) -> Result<Duration, StoreError> {
        let now = self.0.shared.time.now();
        let age_ms = self.view(|rows| time::age(rows, now, step.seq, step.at_ms))?;
        Ok(Duration::from_millis(age_ms))
    }

    /// Messages of a channel still to be sent, oldest first, with the time each is due. Blocks.
    pub fn outbox(
        &self,
        channel: &str,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<(Message, DueTime)>, StoreError> {
        let now = self.0.shared.time.now();
        self.view(|rows| outbox::outbox(rows, now, channel, after, limit))
    }

    /// A page of the messages that are to be sent later. Blocks.
    pub fn scheduled(&self, query: &ScheduledQuery) -> Result<ScheduledPage, StoreError> {
        self.view(|rows| scheduled::page(rows, query))
    }

    /// When the next message is to be sent that is scheduled, in ms since 1970. Blocks.
    pub fn next_scheduled(&self) -> Result<Option<u64>, StoreError> {
        self.view(scheduled::next)
    }

    /// The scheduled messages of this time or an earlier one, the earliest first, behind one of them. Blocks.
    pub fn due(
        &self,
        after: Option<(u64, MessageId)>,
        until_ms: u64,
        limit: usize,
    ) -> Result<Vec<(MessageId, SendAt)>, StoreError> {
        self.view(|rows| scheduled::due(rows, after, until_ms, limit))
    }

    /// What is known of a kept file. Blocks.
    pub fn media(&self, id: MediaId) -> Result<Option<MediaRow>, StoreError> {
        self.view(|rows| media::row(rows, id))
    }

    /// The newest files, or those that follow on this one, newest first. Fails with
    /// [`StoreError::NoSuchFile`] if that is gone. Blocks.
    pub fn newest_media(
        &self,
        after: Option<MediaId>,
        limit: usize,
    ) -> Result<Vec<MediaRow>, StoreError> {
        self.view(|rows| media::newest(rows, after, limit))
    }

    /// The files that are to be here, and their sizes. Blocks.
    pub fn media_here(&self) -> Result<Vec<(MediaId, u64)>, StoreError> {
        self.view(media::here)
    }

    /// The files that no message refers to, last seen at this time of the store or earlier, oldest
    /// first. Blocks.
    pub fn unreferenced_media(
        &self,
        until_ms: u64,
        limit: usize,
    ) -> Result<Vec<MediaRow>, StoreError> {
        self.view(|rows| media::unreferenced(rows, until_ms, limit))
    }

    /// The messages of a channel with a file that is still to be fetched, oldest first. Blocks.
    pub fn fetches(
        &self,
        channel: &str,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<WaitingFetch>, StoreError> {
        let now = self.0.shared.time.now();
        self.view(|rows| media::fetches(rows, now, channel, after, limit))
    }

    /// The names a service gave to a message. Blocks.
    pub fn references(&self, id: MessageId) -> Result<Vec<String>, StoreError> {
        self.view(|rows| message::references(rows, id.0))
    }

    /// The parts of a message in the outbox that its service has accepted. Blocks.
    pub fn parts(&self, message: &Message) -> Result<AcceptedParts, StoreError> {
        self.view(|rows| message::parts(rows, message))
    }

    /// The message that its service knows by this name. Blocks.
    pub fn referred(
        &self,
        channel: &str,
        reference: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        self.view(|rows| message::referred(rows, channel, reference))
    }

    /// The message of a channel that goes by the service's `name`: the dedup key it came with, or a
    /// name given to one of ours. Blocks.
    pub fn named(&self, channel: &str, name: &str) -> Result<Option<Message>, StoreError> {
        self.view(|rows| match revisions::named(rows, channel, name)? {
            Some(number) => message::load(rows, number),
            None => Ok(None),
        })
    }

    /// The stored events after `seq`, oldest first: at most `limit`, ending with the one that
    /// reaches `max_bytes` (at least one). Events older than the history kept are left out. May be
    /// one commit ahead of [`head_seq`](Self::head_seq) and of `on_commit`. Blocks.
    pub fn events_after(
        &self,
        seq: u64,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.view(|rows| events::events_after(rows, seq, limit, max_bytes))
    }

    /// The sequence number of the oldest event kept, or of the next event if none is kept. Blocks.
    pub fn oldest_seq(&self) -> Result<u64, StoreError> {
        let head = self.head_seq();
        self.view(|rows| events::oldest_seq(rows, head))
    }

    /// A page of conversations. Blocks.
    pub fn conversations(&self, query: &ConversationQuery) -> Result<Conversations, StoreError> {
        self.view(|rows| conversations::page(rows, query))
    }

    /// The newest message of a conversation. Blocks.
    pub fn newest(&self, channel: &str, peer: &str) -> Result<Option<MessageId>, StoreError> {
        let scope = keys::scope(channel, Some(peer));
        let newest = self.view(|rows| index::newest(rows, &scope))?;
        Ok(newest.map(MessageId))
    }

    /// How many messages of the peer came after the read mark, among the newest 1,000 of the
    /// conversation. Blocks.
    pub fn unread(&self, channel: &str, peer: &str) -> Result<usize, StoreError> {
        let scope = keys::scope(channel, Some(peer));
        self.view(|rows| conversations::unread(rows, &scope, message::mark(rows, &scope)?))
    }

    /// What a notification says of a conversation, and whether there is one. Blocks.
    pub fn news_of(&self, channel: &str, peer: &str) -> Result<ConversationNews, StoreError> {
        let scope = keys::scope(channel, Some(peer));
        self.view(|rows| {
            let mark = message::mark(rows, &scope)?;
            Ok(ConversationNews {
                name: conversations::name(rows, &scope)?,
                unread: conversations::unread(rows, &scope, mark)?,
                muted: conversations::flags(rows, &scope)?.muted,
            })
        })
    }

    /// The newest messages of the peer after one message and up to another, newest first. Blocks.
    pub fn received_between(
        &self,
        (channel, peer): (&str, &str),
        after: Option<MessageId>,
        up_to: MessageId,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let scope = keys::scope(channel, Some(peer));
        self.view(|rows| conversations::received_between(rows, &scope, after, up_to, limit))
    }
}
