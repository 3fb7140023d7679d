//! What a transaction does to the rows: creates messages, changes their state, removes them.
//!
//! Not here: whether that is allowed (`operations`, `retention`).

use std::time::Duration;

use crate::{
    message::{Message, MessageId, State, media::wants_fetching},
    store::{
        answer::{MediaTotals, Occasion, StoredEvent, Transition},
        backend::{Rows, Table, meta},
        error::StoreError,
        index::{IndexChanges, IndexEntry, Side},
        queries::{counters::StoreCounters, message, send_at::say_when},
        request::StatusUpdate,
        rows::{
            body::{self, Body},
            change::Change,
            keys::{self, number_key, number_of, outbox_key},
            outbox,
        },
        time::{self, Now, TimeNote},
        writer::{encoded::EncodedMessage, report},
    },
};

/// How long idempotency and dedup keys are remembered, and a message at least: 7 days.
pub(in crate::store) const KEY_LIFE_MS: u64 = 7 * 86_400_000;

/// One transaction, from the first request of a batch to its commit.
pub(in crate::store) struct Transaction<'t> {
    pub(in crate::store) rows: &'t mut dyn Rows,
    note: &'t TimeNote,
    outbox_limit: Option<u64>,
    /// The size that the store may have, if it has reached it.
    size_limit: Option<u64>,
    stored_bytes: u64,
    stored_messages: u64,
    pub(in crate::store) gave_up_words: bool,
    changed: bool,
    /// The last sequence number before this transaction.
    head_before: u64,
    counters: StoreCounters,
    events: Vec<StoredEvent>,
    index: IndexChanges,
}

/// What a transaction did. Valid only once it is committed.
pub(in crate::store) struct TransactionOutcome {
    /// False where there is nothing to commit.
    pub(in crate::store) changed: bool,
    /// The rows of new messages.
    pub(in crate::store) stored_bytes: u64,
    /// New messages.
    pub(in crate::store) stored_messages: u64,
    /// Whether messages that were indexed are not any more.
    pub(in crate::store) gave_up_words: bool,
    pub(in crate::store) counters: StoreCounters,
    pub(in crate::store) events: Vec<StoredEvent>,
    /// Whether it stamped what it stored with the time.
    pub(in crate::store) stamped: bool,
}

impl<'t> Transaction<'t> {
    pub(in crate::store) fn new(
        rows: &'t mut dyn Rows,
        note: &'t TimeNote,
        outbox_limit: Option<u64>,
        counters: StoreCounters,
    ) -> Self {
        Self {
            rows,
            note,
            outbox_limit,
            size_limit: None,
            stored_bytes: 0,
            stored_messages: 0,
            gave_up_words: false,
            changed: false,
            head_before: counters.head,
            counters,
            events: Vec::new(),
            index: IndexChanges::default(),
        }
    }

    /// The present; the same throughout the transaction.
    pub(in crate::store) fn now(&self) -> Now {
        self.note.now
    }

    /// Lets no message in, where the store has reached this size.
    pub(in crate::store) fn limit_size(&mut self, reached: Option<u64>) {
        self.size_limit = reached;
    }

    /// Fails if the store has reached the size it may have.
    pub(in crate::store) fn check_size(&self) -> Result<(), StoreError> {
        self.size_limit
            .map_or(Ok(()), |limit| Err(StoreError::LimitReached(limit)))
    }

    /// Makes the transaction commit even if nothing changes.
    pub(in crate::store) fn commit_anyway(&mut self) {
        self.changed = true;
    }

    pub(in crate::store) fn finish(self) -> Result<TransactionOutcome, StoreError> {
        let stamped =
            self.changed && self.note.needs_stamp && self.counters.head > self.head_before;
        if self.changed {
            self.index.write(self.rows)?;
            meta::put_head(self.rows, self.counters.head)?;
            if let Some(row) = &self.note.row {
                meta::put_time(self.rows, row)?;
            }
        }
        if stamped {
            time::put_stamp(self.rows, self.head_before + 1, self.note.now.stamp())?;
        }
        Ok(TransactionOutcome {
            changed: self.changed,
            stored_bytes: self.stored_bytes,
            stored_messages: self.stored_messages,
            gave_up_words: self.gave_up_words,
            counters: self.counters,
            events: self.events,
            stamped,
        })
    }

    /// How many files are kept.
    pub(in crate::store) fn media_totals(&mut self) -> &mut MediaTotals {
        &mut self.counters.media
    }

    /// How many messages have a file that is to be fetched.
    pub(in crate::store) fn fetches(&mut self) -> &mut u64 {
        &mut self.counters.fetches
    }

    /// How many messages are to be sent later.
    pub(in crate::store) fn scheduled(&mut self) -> &mut u64 {
        &mut self.counters.scheduled
    }

    /// Notes whether there is anything to go on with for agents.
    pub(in crate::store) fn note_agents(&mut self, is_any: bool) {
        self.counters.agents = is_any;
    }

    /// Whether the outbox has reached its limit.
    pub(in crate::store) fn outbox_is_full(&self) -> bool {
        let waiting: u64 = self.counters.outbox.values().sum();
        self.outbox_limit.is_some_and(|limit| waiting >= limit)
    }

    /// Stores a new message under the next number.
    pub(in crate::store) fn create(
        &mut self,
        encoded: &mut EncodedMessage,
    ) -> Result<Message, StoreError> {
        let now_ms = self.now().wall_ms;
        #[cfg(feature = "nats")]
        let now_ms = encoded.created_ms.unwrap_or(now_ms);
        body::set_created(&mut encoded.row, now_ms);
        let number = self.next_seq();
        let message = Message {
            id: MessageId(number),
            seq: number,
            created_ms: now_ms,
            updated_ms: now_ms,
            ..encoded.message().clone()
        };
        self.rows
            .put(Table::Bodies, &number_key(number), &encoded.row)?;
        let side = Side::of(&message);
        for scope in scopes(&message) {
            self.index
                .add(self.rows, &scope, IndexEntry { number, side })?;
        }
        if let Some(key) = &encoded.key {
            self.rows.put(Table::Keys, key, &number_key(number))?;
        }
        if message.media.is_some() {
            self.refer_to_files(message.media.as_ref())?;
        }
        if wants_fetching(message.media.as_ref()) {
            self.settle_fetch(&message, true)?;
        }
        self.counters.messages += 1;
        self.stored_bytes += encoded.row.len() as u64;
        self.stored_messages += 1;
        self.push_event(&message, Occasion::State);
        Ok(message)
    }

    fn next_seq(&mut self) -> u64 {
        self.changed = true;
        self.counters.head += 1;
        self.counters.head
    }

    pub(in crate::store) fn push_event(&mut self, message: &Message, occasion: Occasion) {
        self.events.push(StoredEvent {
            seq: message.seq,
            occasion,
            message: message.clone(),
        });
    }

    /// The message as it stands in this transaction.
    pub(in crate::store) fn load(&self, id: MessageId) -> Result<Message, StoreError> {
        message::load(self.rows, id.0)?.ok_or(StoreError::NotFound)
    }

    /// Brings a message to the state of `update`, as the next event. If a chat asked for a report,
    /// that is queued in the same transaction, so that a crash loses neither or both.
    pub(in crate::store) fn change(
        &mut self,
        mut message: Message,
        update: &StatusUpdate,
    ) -> Result<Message, StoreError> {
        let before = message.state;
        let change = self.put_change(&message, update, Occasion::State)?;
        change.apply_to(&mut message);
        if before == State::Scheduled && message.state != State::Scheduled {
            self.unschedule(message.id)?;
        }
        let message = say_when(self.rows, message)?;
        self.keep_outbox(before, &message, update.retry_in)?;
        self.push_event(&message, Occasion::State);
        if let Some(draft) = report::of(before, &message) {
            let report = self.create(&mut EncodedMessage::new(Body::outgoing(draft)))?;
            self.enter_outbox(&report, Duration::ZERO)?;
        }
        Ok(message)
    }

    /// Writes the next event of a message.
    pub(in crate::store) fn put_change(
        &mut self,
        message: &Message,
        update: &StatusUpdate,
        occasion: Occasion,
    ) -> Result<Change, StoreError> {
        let change = Change {
            number: message.id.0,
            previous: message.seq,
            revised: occasion != Occasion::State || message.is_revised(),
            transition: Transition {
                seq: self.next_seq(),
                occasion,
                state: update.state,
                at_ms: self.now().wall_ms,
                attempts: update.attempts.unwrap_or(message.attempts),
                error: update.error.clone(),
            },
        };
        let seq = number_key(change.transition.seq);
        self.rows.put(Table::Changes, &seq, &change.encode())?;
        self.rows
            .put(Table::Latest, &number_key(message.id.0), &seq)?;
        Ok(change)
    }

    /// Keeps the invariant of the outbox: it has exactly the messages whose state says so.
    fn keep_outbox(
        &mut self,
        before: State,
        message: &Message,
        wait: Option<Duration>,
    ) -> Result<(), StoreError> {
        let was_in = !before.has_left_the_outbox();
        let is_in = !message.state.has_left_the_outbox();
        match (was_in, is_in, wait) {
            (false, true, wait) => self.enter_outbox(message, wait.unwrap_or_default()),
            (true, false, _) => self.leave_outbox(message),
            (true, true, Some(wait)) => self.postpone(message, wait),
            _ => Ok(()),
        }
    }

    pub(in crate::store) fn enter_outbox(
        &mut self,
        message: &Message,
        wait: Duration,
    ) -> Result<(), StoreError> {
        match self.counters.outbox.get_mut(&message.channel) {
            Some(depth) => *depth += 1,
            None => drop(self.counters.outbox.insert(message.channel.clone(), 1)),
        }
        self.put_waiting(message, 0, self.after(wait))
    }

    fn leave_outbox(&mut self, message: &Message) -> Result<(), StoreError> {
        if let Some(depth) = self.counters.outbox.get_mut(&message.channel) {
            *depth = depth.saturating_sub(1);
        }
        self.rows.remove(Table::Outbox, &outbox_key(message))
    }

    pub(in crate::store) fn postpone(
        &mut self,
        message: &Message,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let parts = message::parts_of(self.rows, message)?;
        self.put_waiting(message, parts, self.after(wait))
    }

    /// The store's time after this wait.
    pub(in crate::store) fn after(&self, wait: Duration) -> u64 {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.now().time_ms.saturating_add(wait_ms)
    }

    /// Stores how many parts of a message in the outbox were accepted.
    pub(in crate::store) fn keep_parts(
        &mut self,
        message: &Message,
        parts: usize,
    ) -> Result<(), StoreError> {
        let due_ms = match self.rows.get(Table::Outbox, &outbox_key(message))? {
            Some(row) => number_of(&row)?,
            None => self.now().time_ms,
        };
        self.put_waiting(message, parts, due_ms)
    }

    fn put_waiting(
        &mut self,
        message: &Message,
        parts: usize,
        due_ms: u64,
    ) -> Result<(), StoreError> {
        self.changed = true;
        let row = outbox::encode(parts, due_ms);
        self.rows.put(Table::Outbox, &outbox_key(message), &row)
    }

    /// Stores the names that a service gave to a message.
    pub(in crate::store) fn refer(
        &mut self,
        message: &Message,
        references: &[String],
    ) -> Result<(), StoreError> {
        self.changed = true;
        let number = message.id.0;
        for reference in references {
            let row = keys::reference_row(&message.channel, reference);
            self.rows.put(Table::Keys, &row, &number_key(number))?;
        }
        let all = serde_json::Value::from(references).to_string();
        let row = keys::references_row(number);
        self.rows.put(Table::Keys, &row, all.as_bytes())
    }

    fn forget_references(&mut self, message: &Message) -> Result<(), StoreError> {
        let number = message.id.0;
        for reference in message::references(self.rows, number)? {
            self.forget_key(&keys::reference_row(&message.channel, &reference), number)?;
        }
        self.rows.remove(Table::Keys, &keys::references_row(number))
    }

    /// Stores that a conversation was read up to a message of it.
    pub(in crate::store) fn mark(&mut self, message: &Message) -> Result<(), StoreError> {
        self.changed = true;
        let scope = keys::scope(&message.channel, Some(&message.peer));
        self.rows
            .put(Table::Marks, &scope, &number_key(message.id.0))
    }

    /// Removes a read mark together with the message it points to: the older messages, which it says
    /// are read, were removed before.
    fn forget_mark(&mut self, message: &Message) -> Result<(), StoreError> {
        let scope = keys::scope(&message.channel, Some(&message.peer));
        match message::mark(self.rows, &scope)? {
            Some(marked) if marked == message.id => self.rows.remove(Table::Marks, &scope),
            _ => Ok(()),
        }
    }

    /// The newest message of a scope.
    pub(in crate::store) fn newest(&self, scope: &[u8]) -> Result<Option<u64>, StoreError> {
        self.index.newest(self.rows, scope)
    }

    /// Removes a message that left the outbox and everything that refers to it.
    pub(in crate::store) fn forget(&mut self, body: &Body) -> Result<(), StoreError> {
        let number = body.message.id.0;
        self.forget_words(number)?;
        let changes = message::changes_of(self.rows, number)?;
        self.changed = true;
        self.forget_files(&body.message)?;
        for change in changes {
            let seq = number_key(change.transition.seq);
            self.rows.remove(Table::Changes, &seq)?;
        }
        for scope in scopes(&body.message) {
            self.index.forget(self.rows, &scope, number)?;
        }
        self.forget_mark(&body.message)?;
        self.forget_flags(&body.message)?;
        if let Some(key) = body.key_row() {
            self.forget_key(&key, number)?;
        }
        self.forget_references(&body.message)?;
        self.forget_turn(&body.message)?;
        self.rows.remove(Table::Latest, &number_key(number))?;
        self.rows.remove(Table::Revisions, &number_key(number))?;
        self.rows.remove(Table::Bodies, &number_key(number))?;
        self.counters.messages = self.counters.messages.saturating_sub(1);
        Ok(())
    }

    /// Removes a key unless a newer message has taken it over. Returns whether it was removed.
    pub(in crate::store) fn forget_key(
        &mut self,
        key: &[u8],
        number: u64,
    ) -> Result<bool, StoreError> {
        let owner = self.rows.get(Table::Keys, key)?;
        if owner.as_deref() != Some(&number_key(number)[..]) {
            return Ok(false);
        }
        self.changed = true;
        self.rows.remove(Table::Keys, key)?;
        Ok(true)
    }

    /// Removes the stamp of a sequence number.
    pub(in crate::store) fn forget_stamp(&mut self, seq: u64) -> Result<(), StoreError> {
        self.changed = true;
        self.rows.remove(Table::Times, &number_key(seq))
    }

    /// Stores up to which message expired keys were removed.
    pub(in crate::store) fn put_keys_forgotten(&mut self, number: u64) -> Result<(), StoreError> {
        self.changed = true;
        meta::put_keys_forgotten(self.rows, number)
    }
}

/// The scopes of a message: its channel and its conversation.
fn scopes(message: &Message) -> [Vec<u8>; 2] {
    [None, Some(message.peer.as_str())].map(|peer| keys::scope(&message.channel, peer))
}
