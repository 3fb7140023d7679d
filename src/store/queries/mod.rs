//! Queries, each answered from one snapshot. A query costs as much as it returns, whatever the size of
//! the store; a search or a count looks at a bounded number of messages.
//!
//! Not here: changes (`writer`).

pub(super) mod aliases;
pub(in crate::store) mod budget;
pub(super) mod conversations;
pub(super) mod counters;
pub(super) mod events;
pub(super) mod history;
pub(super) mod media;
pub(super) mod message;
pub(super) mod outbox;
pub(super) mod revisions;
pub(super) mod scheduled;
pub(super) mod send_at;
pub(super) mod turns;
